"""What is to be standardized: a folder, a CSV, one picture, OME-TIFF and OME-Zarr images; and how each is read."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.importing.source import list_source
from lsl_tools.pictures.read_image import IMAGE_SUFFIXES, decode_image
from lsl_tools.standardize.microscope_files import is_ome_tiff, is_ome_zarr, read_ome_tiff, read_ome_zarr

__all__ = ["list_photographs", "read_photograph"]


def list_photographs(source: str | Path, *, labels: str | Path | None = None, tasks: Iterable[str] = ()) -> Listing:
    """The photographs below `source` with their labels: all that `lsl-store import` takes, one picture, OME-Zarr.

    An OME-Zarr is a folder; those found below `source` carry no labels. Raises LslError.
    """
    source = Path(source)
    if is_ome_zarr(source) or (source.is_file() and source.suffix.lower() in IMAGE_SUFFIXES):
        return Listing((_single(source, source.parent),))
    zarrs = _find_zarrs(source) if source.is_dir() and labels is None else ()
    if not zarrs:
        return list_source(source, labels=labels, tasks=tasks)
    found = tuple(_single(path, source) for path in zarrs)
    try:
        listing = list_source(source, tasks=tasks)
    except DataFileError:  # no other picture
        return Listing(found)
    others = tuple(s for s in listing.samples if not any(path in s.path.parents for path in zarrs))
    return replace(listing, samples=(*others, *found))


def read_photograph(path: Path) -> NDArray[np.uint8]:
    """The pixels of a photograph, uint8 (H, W, 3), RGB. Raises ImageError, or OSError for an unreadable file."""
    if is_ome_zarr(path):
        return read_ome_zarr(path)
    if is_ome_tiff(path):
        return read_ome_tiff(path)
    return decode_image(path.read_bytes(), used_bits=True).pixels


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
