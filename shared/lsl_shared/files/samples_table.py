"""The samples table of a store: the id of each image, its gene, view, source and split, the size of its pixels."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.hdf5 import read_array
from lsl_shared.files.text_column import TextColumn, read_texts

__all__ = ["PIXEL_SIZE", "UNUSABLE", "read_column", "read_ids", "read_pixel_sizes"]

PIXEL_SIZE: Final = "samples/pixel_size"
"""Height and width of a pixel in µm, (N, 2); NaN where they are not known."""
UNUSABLE: Final = "unusable"
"""The column that says why an image is not to be used, '' for the others."""


def read_ids(file: h5py.File, count: int) -> TextColumn:
    """The ids of the images, (count,). Raises StoreError unless they are unique and not empty."""
    ids = read_texts(file, "samples/id", StoreError, count)
    if not ids.are_names():
        problem = "image ids must be unique and not empty; make the store again"
        raise StoreError(Path(file.filename), problem, "samples/id")
    return ids


def read_column(file: h5py.File, name: str, count: int) -> TextColumn:
    """A column of the samples table, (count,); '' throughout where the store has none."""
    if f"samples/{name}" not in file:
        return TextColumn(np.full(count, b""))
    return read_texts(file, f"samples/{name}", StoreError, count)


def read_pixel_sizes(file: h5py.File, count: int) -> NDArray[np.float32]:
    """Height and width of a pixel of each image in µm, float32 (count, 2); NaN throughout where the store has none."""
    if PIXEL_SIZE not in file:
        return np.full((count, 2), np.nan, np.float32)
    return read_array(file, PIXEL_SIZE, StoreError, dtype="f", shape=(count, 2)).astype(np.float32)
