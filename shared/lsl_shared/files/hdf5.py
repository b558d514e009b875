"""Reading from HDF5 files that may come from anyone: every failure names the file, the key, and what to do.

HDF5 can read other files of the machine through external links, external storage and virtual datasets. None of the
toolkit's formats uses them, so they are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError
from lsl_shared.files.filters import lacking_filter
from lsl_shared.files.opening import hdf5_words
from lsl_shared.files.packing import elsewhere_told
from lsl_shared.system_errors import unreadable

__all__ = ["any_dataset", "members", "read_array", "read_dataset", "read_strings", "read_text_bytes"]

Shape = tuple[int | None, ...]


def read_dataset(
    file: h5py.File,
    key: str,
    error: type[DataFileError],
    *,
    dtype: str,
    shape: Shape,
    cure: Callable[[h5py.File], str] = lambda file: "",
) -> h5py.Dataset:
    """The dataset at `key`, stored inside this file, of numpy kinds `dtype` ('u', 'iu', 'f', 'O') and of `shape`.

    None in `shape` stands for any length. Raises `error` naming the file and the key; `cure` tells what helps where
    kind or shape are others.
    """
    path, dataset = Path(file.filename), any_dataset(file, key, error)
    fits = len(shape) == dataset.ndim and all(n in (None, m) for n, m in zip(shape, dataset.shape, strict=True))
    if dataset.dtype.kind not in dtype or not fits:
        wanted = tuple("any" if n is None else n for n in shape)
        found = f"expected kind {dtype!r} and shape {wanted}, found {dataset.dtype} {dataset.shape}"
        raise error(path, "; ".join(filter(None, (found, cure(file)))), key)
    return dataset


def any_dataset(file: h5py.File, key: str, error: type[DataFileError]) -> h5py.Dataset:
    """The dataset at `key`, stored inside this file, whatever its kind and shape. Raises `error` with file and key."""
    path, dataset = Path(file.filename), _inner(file, key, error)
    if not isinstance(dataset, h5py.Dataset):
        raise error(path, f"expected a dataset, found {'nothing' if dataset is None else 'a group'}", key)
    if dataset.external or dataset.is_virtual:
        raise error(path, elsewhere_told(path, key, dataset), key)
    return dataset


def read_array(file: h5py.File, key: str, error: type[DataFileError], *, dtype: str, shape: Shape) -> NDArray[Any]:
    """The whole of the dataset at `key`; see `read_dataset`. Raises `error` naming the file and the key.

    For one axis a single column or row serves as well: MATLAB's vectors have two axes.
    """
    stored = read_dataset(file, key, error, dtype=dtype, shape=_or_column(file, key, error, shape))
    try:
        values = np.asarray(stored[...])
    except OSError as problem:
        raise error(Path(file.filename), unreadable(problem), key) from None
    return values.reshape(-1) if len(shape) == 1 else values


def read_strings(file: h5py.File, key: str, error: type[DataFileError], count: int) -> NDArray[np.object_]:
    """The strings at `key`, object array (count,) of str. Raises `error` naming the file and the key."""
    dataset = _texts(file, key, error, count)
    try:
        return np.asarray(dataset.asstr()[...], dtype=object).reshape(-1)
    except (OSError, UnicodeDecodeError, TypeError) as problem:
        raise error(Path(file.filename), f"cannot be read as text ({hdf5_words(problem)})", key) from None


def read_text_bytes(file: h5py.File, key: str, error: type[DataFileError], count: int) -> NDArray[np.bytes_] | None:
    """The bytes of the texts at `key`, (count,), where they are of one length; else None. Raises as `read_strings`."""
    dataset = _texts(file, key, error, count)
    if dataset.dtype.kind != "S":
        return None
    try:
        return np.asarray(dataset[...]).reshape(-1)
    except OSError as problem:
        raise error(Path(file.filename), f"cannot be read as text ({hdf5_words(problem)})", key) from None


def members(file: h5py.File, key: str, error: type[DataFileError]) -> dict[str, Any]:
    """The objects in the group at `key`, none of them a link to another place; {} where there is no such group."""
    group = _inner(file, key, error)
    if group is None:
        return {}
    if not isinstance(group, h5py.Group):
        raise error(Path(file.filename), "expected a group, found a dataset", key)
    inside = {name: _inner(file, f"{key}/{name}", error) for name in group}
    lost = next((name for name, item in inside.items() if item is None), None)
    if lost is not None:
        raise error(Path(file.filename), "damaged HDF5 group: it names what cannot be found", f"{key}/{lost}")
    return inside


def _inner(file: h5py.File, key: str, error: type[DataFileError]) -> Any:
    """The object at `key`, every step a hard link of this file, its chunks readable here; None where absent."""
    place: Any = file
    for part in key.split("/"):
        link = place.get(part, getlink=True) if isinstance(place, h5py.Group) else None
        if link is None:
            return None
        if not isinstance(link, h5py.HardLink):
            raise error(Path(file.filename), "is a link to another place, which is refused", key)
        try:
            place = place[part]
        except (KeyError, OSError, RuntimeError, ValueError) as problem:
            raise error(Path(file.filename), f"damaged HDF5 object ({hdf5_words(problem)})", key) from None
    if isinstance(place, h5py.Dataset) and (lacking := lacking_filter(place)):
        raise error(Path(file.filename), lacking, key)
    return place


def _texts(file: h5py.File, key: str, error: type[DataFileError], count: int) -> h5py.Dataset:
    shape = _or_column(file, key, error, (count,))
    return read_dataset(file, key, error, dtype="OS", shape=shape, cure=_as_text_told)


def _as_text_told(file: h5py.File) -> str:
    return "write text, one for each image"


def _or_column(file: h5py.File, key: str, error: type[DataFileError], shape: Shape) -> Shape:
    """`shape`, or the one that is stored where that is a single column or row of its length."""
    stored = _inner(file, key, error)
    found: tuple[int, ...] = stored.shape if isinstance(stored, h5py.Dataset) else ()
    column = len(shape) == 1 and len(found) == 2 and 1 in found and shape[0] in (None, max(found))
    return found if column else shape
