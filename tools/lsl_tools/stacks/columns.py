"""What a file says of each image of its stack: labels, ids and genes, as numbers or text, one for each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError
from lsl_shared.files.attributes import read_names
from lsl_shared.files.hdf5 import any_dataset
from lsl_shared.files.opening import open_hdf5
from lsl_shared.files.whole_numbers import UNKNOWN, whole_numbers
from lsl_shared.system_errors import unreadable
from lsl_shared.tables.missing import is_missing
from lsl_tools.stacks.numpy_file import is_numpy_file, numpy_array

__all__ = ["read_labels_at", "read_texts"]

_MATLAB_CLASS = "MATLAB_class"
_OPAQUE = ("string", "categorical", "table", "datetime")


def read_texts(path: Path, key: str, scratch: Path) -> list[str]:
    """The entries at `key` as text, whole numbers without a point. Raises DataFileError.

    Beside a .npy, `key` is another .npy.
    """
    values, _ = _read(path, key, scratch)
    return _texts(path, key, values)


def read_labels_at(path: Path, key: str, scratch: Path) -> list[str]:
    """The labels at `key` as text, '' where there is none: for NaN, −1, and NA and the like.

    Numbers take their names from the attribute `classes`, where there is one. Raises DataFileError.
    """
    values, classes = _read(path, key, scratch)
    texts = _texts(path, key, values)
    if values.dtype.kind in "OSU":
        return ["" if is_missing(text) else text for text in texts]
    labels = ["" if text == str(UNKNOWN) else text for text in texts]
    if not classes:
        return labels
    known = {str(index): name for index, name in enumerate(classes)}
    beyond = next((label for label in labels if label and label not in known), None)
    if beyond is not None:
        raise DataFileError(path, f"label {beyond} has no name among the {len(classes)} of the attribute classes", key)
    return [known.get(label, "") for label in labels]


def _read(path: Path, key: str, scratch: Path) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The values at `key` and the names of their classes, () without."""
    if not is_numpy_file(path):
        return _read_hdf5(path, key.strip("/"))
    if path.suffix.lower() == ".npz":
        return numpy_array(path, key, scratch), ()
    other = Path(key) if Path(key).exists() else path.parent / key
    if not other.exists():
        raise DataFileError(path, f"holds one array alone; name the .npy of the others, there is no {key}")
    return numpy_array(other, "", scratch), ()


def _read_hdf5(path: Path, key: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    with open_hdf5(path, DataFileError, "") as file:
        dataset = any_dataset(file, key, DataFileError)
        kind = dataset.attrs.get(_MATLAB_CLASS, b"")
        kind = kind.decode() if isinstance(kind, bytes) else str(kind)
        if kind in _OPAQUE:
            raise DataFileError(path, f"is a {kind} of MATLAB, which others cannot read; save cellstr({key})", key)
        try:
            values = _matlab_text(file, dataset, kind) if kind in ("cell", "char") else _values(dataset)
            return values, read_names(dataset, "classes") if "classes" in dataset.attrs else ()
        except (OSError, UnicodeDecodeError, ValueError) as problem:
            raise DataFileError(path, unreadable(problem), key) from None


def _values(dataset: h5py.Dataset) -> NDArray[Any]:
    return np.asarray(dataset.asstr()[...] if dataset.dtype.kind in "OS" else dataset[...])


def _matlab_text(file: h5py.File, dataset: h5py.Dataset, kind: str) -> NDArray[Any]:
    """Text of MATLAB: a cell array refers to one array of letters an entry, a matrix of letters has one a row."""
    if kind == "char":
        return np.array(["".join(map(chr, row)).rstrip() for row in np.atleast_2d(dataset[...].T)], object)
    cells = [file[reference] for reference in dataset[...].reshape(-1)]
    if any(cell.attrs.get(_MATLAB_CLASS) != b"char" for cell in cells):
        raise ValueError("a cell array of others than text")
    return np.array(["".join(map(chr, cell[...].T.reshape(-1))) if _filled(cell) else "" for cell in cells], object)


def _filled(cell: h5py.Dataset) -> bool:
    return "MATLAB_empty" not in cell.attrs


def _texts(path: Path, key: str, values: NDArray[Any]) -> list[str]:
    """One text an image; a column or row of a matrix is one axis."""
    if values.size != max(values.shape, default=0):
        cure = "one number or text an image; of one number for each class write labels.argmax(1)"
        raise DataFileError(path, f"expected {cure}, found {values.dtype} {values.shape}", key)
    flat = values.reshape(-1)
    if flat.dtype.kind in "SU":
        return [entry.decode() if isinstance(entry, bytes) else str(entry) for entry in np.char.strip(flat).tolist()]
    if flat.dtype.kind == "O":
        return [str(entry).strip() for entry in flat]
    if flat.dtype.kind not in "iuf":
        raise DataFileError(path, f"expected numbers or text, found {values.dtype}", key)
    try:
        return [str(number) for number in whole_numbers(flat).tolist()]
    except ValueError as problem:
        raise DataFileError(path, f"labels {problem}", key) from None
