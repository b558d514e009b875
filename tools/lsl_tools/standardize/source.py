"""What is to be standardized: a folder, a CSV, one picture, OME-TIFF and OME-Zarr images; and how each is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from lsl_shared.errors import DataFileError
from lsl_shared.tables.rows import TABLE_SUFFIXES
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.importing.source import list_source
from lsl_tools.pictures.file_kinds import IMAGE_SUFFIXES, is_surely_picture
from lsl_tools.pictures.picture_file import first_bytes, picture_bytes
from lsl_tools.pictures.read_image import Picture, decode_image
from lsl_tools.standardize.microscope_files import is_ome_zarr, read_ome_zarr

__all__ = ["list_photographs", "read_photograph"]


def list_photographs(source: str | Path, *, labels: str | Path | None = None, tasks: Iterable[str] = ()) -> Listing:
    """The photographs below `source` with their labels: all that `lsl-store import` takes, one picture, OME-Zarr.

    An OME-Zarr is a folder; those found below `source` carry no labels. Raises LslError.
    """
    source = Path(source)
    if is_ome_zarr(source) or (source.is_file() and _is_picture(source)):
        return Listing((_single(source, source.parent),))
    zarrs = _find_zarrs(source) if source.is_dir() and labels is None else ()
    if not zarrs:
        return list_source(source, labels=labels, tasks=tasks)
    found = tuple(_single(path, source) for path in zarrs)
    try:
        listing = list_source(source, tasks=tasks)
    except DataFileError:  # no other picture
        return Listing(found)
    read = {sample.source for sample in found}
    skipped = tuple(left_out for left_out in listing.skipped if left_out.source not in read)
    return replace(listing, samples=(*listing.samples, *found), skipped=skipped)


def read_photograph(path: Path) -> Picture:
    """The pixels of a photograph, and remarks. Raises ImageError, or OSError for an unreadable file."""
    return read_ome_zarr(path) if is_ome_zarr(path) else decode_image(picture_bytes(path))


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES or (
        path.suffix.lower() not in TABLE_SUFFIXES and is_surely_picture(first_bytes(path))
    )


def _single(path: Path, root: Path) -> Sample:
    name = path.relative_to(root).as_posix()
    return Sample(path, name, name, name)


def _find_zarrs(root: Path) -> tuple[Path, ...]:
    found = []
    for folder, names, _ in os.walk(root):
        inside = [Path(folder) / name for name in names if name.lower().endswith(".zarr")]
        found += [path for path in inside if is_ome_zarr(path)]
        names[:] = [name for name in names if not name.lower().endswith(".zarr") and not name.startswith(".")]
    return tuple(sorted(found, key=lambda path: natural_key(path.as_posix())))
