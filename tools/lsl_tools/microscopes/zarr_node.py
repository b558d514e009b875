"""A group or array of a Zarr folder: its JSON, read before any library sees the folder; links out of it are refused."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Final

from lsl_shared.errors import ImageError

__all__ = ["ZarrNode", "check_files", "is_zarr", "read_node"]

_MARKS: Final = ("zarr.json", ".zgroup", ".zarray")
_MOST_BYTES: Final = 1 << 25
_MOST_FILES: Final = 1_000_000
_SLACK: Final = 4096  # bytes that packing may add
_LINKS: Final = "holds links that lead out of its folder: copy what they lead to"
_DAMAGED: Final = "is damaged: a description in it cannot be read"


@dataclass(frozen=True)
class ZarrNode:
    """`described` is the array's own JSON, None for a group; `attributes` are what its writer added."""

    folder: Path
    described: dict[str, Any] | None
    attributes: dict[str, Any]

    @property
    def is_array(self) -> bool:
        """Whether it is an array and not a group."""
        return self.described is not None

    @property
    def ome(self) -> dict[str, Any]:
        """What OME-NGFF says: 0.5 under `ome`, before that among the attributes."""
        inner = self.attributes.get("ome")
        return inner if isinstance(inner, dict) else self.attributes

    def below(self, path: object) -> ZarrNode:
        """The node at a path that a description names. Raises ImageError for one that leads out, or to none."""
        parts = PurePosixPath(str(path)).parts
        if not parts or str(path).startswith("/") or ".." in parts:
            raise ImageError(f"names a part {str(path)!r} outside of its folder")
        folder = self.folder.joinpath(*parts)
        if not folder.resolve().is_relative_to(self.folder.resolve()):
            raise ImageError(_LINKS)
        if not is_zarr(folder):
            raise ImageError(f"names a part {str(path)!r} that is not there")
        return read_node(folder)

    def children(self) -> Iterator[ZarrNode]:
        """Groups and arrays in the folder, in the order of their names, numbers by their worth."""
        names = [path.name for path in self.folder.iterdir() if path.is_dir() and not path.is_symlink()]
        for name in sorted(names, key=lambda name: (not name.isdigit(), name.zfill(12))):
            if not name.startswith(".") and is_zarr(self.folder / name):
                yield read_node(self.folder / name)


def is_zarr(path: Path) -> bool:
    """Whether a folder is a Zarr group or array of version 2 or 3."""
    return any((path / name).is_file() for name in _MARKS)


def read_node(folder: Path) -> ZarrNode:
    """Reads the JSON of a group or array. Raises ImageError, or OSError."""
    if (folder / "zarr.json").is_file():
        whole = _json(folder / "zarr.json")
        attributes = whole.get("attributes", {})
        described = whole if whole.get("node_type") == "array" else None
        return ZarrNode(folder, described, attributes if isinstance(attributes, dict) else {})
    described = _json(folder / ".zarray") if (folder / ".zarray").is_file() else None
    return ZarrNode(folder, described, _json(folder / ".zattrs") if (folder / ".zattrs").is_file() else {})


def check_files(folder: Path, most_bytes: int | None) -> None:
    """Looks at the files of an array, without opening one.

    Raises ImageError where one is a link that leads out of the folder, or where a chunk is much longer than what it
    unpacks to, which is at most `most_bytes`.
    """
    inside = folder.resolve()
    longest = math.inf if most_bytes is None else most_bytes + most_bytes // 50 + _SLACK
    for count, entry in enumerate(_files(folder)):
        if count > _MOST_FILES:
            raise ImageError(f"holds more than {_MOST_FILES:,} files")
        if entry.is_symlink() and not Path(entry.path).resolve().is_relative_to(inside):
            raise ImageError(_LINKS)
        if entry.stat().st_size > longest and entry.name not in (*_MARKS, ".zattrs"):
            raise ImageError("is damaged: a chunk is longer than its pixels")


def _files(folder: Path) -> Iterator[os.DirEntry[str]]:
    """Files and links in a folder and the folders in it; folders behind links are not entered."""
    with os.scandir(folder) as listed:
        entries = list(listed)
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files(Path(entry.path))
        else:
            yield entry


def _json(path: Path) -> dict[str, Any]:
    if path.stat().st_size > _MOST_BYTES:
        raise ImageError(_DAMAGED)
    try:
        read = json.loads(path.read_bytes())
    except (ValueError, RecursionError):
        raise ImageError(_DAMAGED) from None
    if not isinstance(read, dict):
        raise ImageError(_DAMAGED)
    return read
