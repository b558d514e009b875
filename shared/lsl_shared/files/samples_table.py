"""The samples table of a store: the id of each image, its gene, view, source and split."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.hdf5 import read_strings

__all__ = ["read_column", "read_ids"]


def read_ids(file: h5py.File, count: int) -> NDArray[np.object_]:
    """The ids of the images, str (count,). Raises StoreError unless they are unique and not empty."""
    ids = read_strings(file, "samples/id", StoreError, count)
    if len(set(ids)) != count or "" in ids:
        problem = "image ids must be unique and not empty; make the store again"
        raise StoreError(Path(file.filename), problem, "samples/id")
    return ids


def read_column(file: h5py.File, name: str, count: int) -> NDArray[np.object_]:
    """A column of the samples table, str (count,); '' throughout where the store has none."""
    if f"samples/{name}" not in file:
        return np.full(count, "", dtype=object)
    return read_strings(file, f"samples/{name}", StoreError, count)
