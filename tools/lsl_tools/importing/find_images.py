"""The pictures below a folder, by what the files hold, and those of kinds that are not read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePath

from lsl_shared.errors import DataFileError
from lsl_tools.importing.listing import Skipped
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.microscopes.formats import MICROSCOPE_SUFFIXES, is_zarr_folder
from lsl_tools.pictures.file_kinds import IMAGE_SUFFIXES, OtherKind, is_surely_picture, note_on_others, other_kind
from lsl_tools.pictures.picture_file import first_bytes

__all__ = ["FoundImages", "find_images"]

_COPIES = (".bak", ".tmp", ".part", ".crdownload", ".download", ".orig", ".old", "~")
_NONE = "holds no PNG, JPEG, BMP or TIFF image and no CZI, LIF, ND2 or OME-Zarr; nothing was made"


@dataclass(frozen=True)
class FoundImages:
    """`paths` below the folder, with '/', in natural order; files that are left out, with reasons; and `notes`."""

    paths: tuple[str, ...]
    skipped: tuple[Skipped, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass
class _Search:
    root: Path
    images: list[str] = field(default_factory=list)
    others: dict[str, OtherKind] = field(default_factory=dict)
    links: list[str] = field(default_factory=list)

    def enters(self, folder: Path, name: str) -> bool:
        """Whether the images of a folder within `folder` count."""
        if name.startswith(".") or name == "__MACOSX":
            return False
        path = folder / name
        if path.is_symlink():
            self.links.append(self._below(path))
        elif is_zarr_folder(path):
            self.images.append(self._below(path))
            return False
        return True

    def takes(self, folder: Path, name: str) -> None:
        """Takes a file as an image, as one of another kind, or passes over it: hidden ones, copies, and no images."""
        if name.startswith(".") or name.lower().endswith(_COPIES):
            return
        path = folder / name
        if PurePath(name).suffix.lower() in IMAGE_SUFFIXES | MICROSCOPE_SUFFIXES:
            self.images.append(self._below(path))
            return
        start = first_bytes(path)
        other = other_kind(name, start)
        if other is not None:
            self.others[self._below(path)] = other
        elif is_surely_picture(start):
            self.images.append(self._below(path))

    def _below(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def find_images(root: Path) -> FoundImages:
    """All images below `root`; hidden files and folders, and half or old copies (.part, .bak, ~), are passed over.

    What a file holds decides where its name does not. Names that are not UTF-8, and pictures of kinds that are not
    read, are left out with a reason. Raises DataFileError where there is no image.
    """
    search = _Search(root)
    for folder, names, files in os.walk(root):
        names[:] = [name for name in names if search.enters(Path(folder), name)]
        for name in files:
            search.takes(Path(folder), name)
    readable = [path for path in search.images if _is_text(path)]
    others = (note_on_others(search.others.values()),) if search.others else ()
    if not readable:
        raise DataFileError(root, "; ".join((_NONE, *others)))
    bad = [Skipped(repr(path), "its name is not UTF-8: rename it") for path in search.images if not _is_text(path)]
    left_out = [Skipped(_shown(path), kind.told) for path, kind in _sorted(search.others.items())]
    notes = (*others, *_note_on_links(search.links))
    return FoundImages(tuple(sorted(readable, key=natural_key)), (*bad, *left_out), notes)


def _sorted(others: Iterable[tuple[str, OtherKind]]) -> list[tuple[str, OtherKind]]:
    return sorted(others, key=lambda other: natural_key(other[0]))


def _note_on_links(links: list[str]) -> tuple[str, ...]:
    told = f"{len(links)} folder(s) are links and were not entered ({links[0] if links else ''}): name them as SOURCE"
    return (told,) if links else ()


def _shown(path: str) -> str:
    return path if _is_text(path) else repr(path)


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
