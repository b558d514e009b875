"""Opening HDF5 files that may come from anyone: every failure names the file, the key, and what to do.

HDF5 can read other files of the machine through external links, external storage and virtual datasets. None of the
toolkit's formats uses them, so they are refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError
from lsl_shared.system_errors import reason, unreadable

__all__ = ["as_os_error", "loading", "members", "open_file", "read_array", "read_dataset", "read_names", "read_strings"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def open_file(path: str | Path, kind: str, version: int, error: type[DataFileError], remedy: str) -> h5py.File:
    """Opens a file of the toolkit's own format `kind` for reading.

    Raises `error` for a missing, foreign, damaged or newer file; `remedy` tells which command makes a good one.
    """
    path = Path(path)
    _check_bytes(path, error, remedy)
    try:
        file = h5py.File(path, "r", locking="best-effort")
    except OSError as problem:
        raise error(path, f"damaged or truncated HDF5 file ({_reason(problem)}); restore it or make it again") from None
    with loading(file, error, "HDF5 file", "; restore it or make it again"):
        _check_format(file, path, kind, version, error, remedy)
    return file


@contextmanager
def loading(file: h5py.File, error: type[DataFileError], kind: str, remedy: str) -> Iterator[None]:
    """Reads what a file's object keeps: whatever fails in the block closes the file, and damage becomes `error`."""
    path = Path(file.filename)
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError) as problem:
        file.close()
        raise error(path, f"damaged {kind} ({_reason(problem)}){remedy}") from None
    except BaseException:
        file.close()
        raise


def read_dataset(
    file: h5py.File, key: str, error: type[DataFileError], *, dtype: str, shape: tuple[int | None, ...]
) -> h5py.Dataset:
    """The dataset at `key`, stored inside this file, of numpy kinds `dtype` ('u', 'iu', 'f', 'O') and of `shape`.

    None in `shape` stands for any length. Raises `error` naming the file and the key.
    """
    path = Path(file.filename)
    dataset = _inner(file, key, error)
    if not isinstance(dataset, h5py.Dataset):
        raise error(path, f"expected a dataset, found {'nothing' if dataset is None else 'a group'}", key)
    if dataset.external or dataset.is_virtual:
        raise error(path, "its data lies in other files (external storage or virtual dataset), which is refused", key)
    fits = len(shape) == dataset.ndim and all(n in (None, m) for n, m in zip(shape, dataset.shape, strict=True))
    if dataset.dtype.kind not in dtype or not fits:
        wanted = tuple("any" if n is None else n for n in shape)
        raise error(path, f"expected kind {dtype!r} and shape {wanted}, found {dataset.dtype} {dataset.shape}", key)
    return dataset


def read_array(
    file: h5py.File, key: str, error: type[DataFileError], *, dtype: str, shape: tuple[int | None, ...]
) -> NDArray[Any]:
    """The whole of the dataset at `key`; see `read_dataset`. Raises `error` naming the file and the key."""
    stored = read_dataset(file, key, error, dtype=dtype, shape=shape)
    try:
        return np.asarray(stored[...])
    except OSError as problem:
        raise error(Path(file.filename), unreadable(problem), key) from None


def read_strings(file: h5py.File, key: str, error: type[DataFileError], count: int) -> NDArray[np.object_]:
    """The strings at `key`, object array (count,) of str. Raises `error` naming the file and the key."""
    dataset = read_dataset(file, key, error, dtype="OS", shape=(count,))
    try:
        return np.asarray(dataset.asstr()[...], dtype=object)
    except (OSError, UnicodeDecodeError, TypeError) as problem:
        raise error(Path(file.filename), f"cannot be read as text ({_reason(problem)})", key) from None


def read_names(item: Any, name: str) -> tuple[str, ...]:
    """The attribute `name` of an HDF5 object as a list of names. Raises ValueError or KeyError where it is not one."""
    names = item.attrs[name]
    if not isinstance(names, np.ndarray) or names.ndim != 1 or names.dtype.kind not in "OSU":
        raise ValueError(f"attribute {name}: expected a list of names, found {names!r}")
    return tuple(entry.decode() if isinstance(entry, bytes) else str(entry) for entry in names)


def as_os_error(problem: RuntimeError) -> OSError:
    """The OSError behind a RuntimeError of h5py: some failed reads and writes come as such, errno in the text."""
    number = re.search(r"errno = (\d+)", str(problem))
    return OSError(int(number[1]), str(problem)) if number else OSError(str(problem))


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


def _check_bytes(path: Path, error: type[DataFileError], remedy: str) -> None:
    if path.is_dir():
        raise error(path, f"is a folder, expected an HDF5 file. {remedy}")
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_SIGNATURE))
    except FileNotFoundError:
        raise error(path, f"no such file. {remedy}") from None
    except OSError as problem:
        raise error(path, f"cannot be opened ({reason(problem)})") from None
    if not head:
        raise error(path, f"is empty (0 bytes). {remedy}")
    if head != _SIGNATURE and not h5py.is_hdf5(path):
        raise error(path, f"is not an HDF5 file (it begins with {head!r}). {remedy}")


def _check_format(
    file: h5py.File, path: Path, kind: str, version: int, error: type[DataFileError], remedy: str
) -> None:
    found = file.attrs.get("format")
    if not isinstance(found, str) or found != kind:
        said = "none" if found is None else repr(found)
        raise error(path, f"expected {kind!r}, found {said}: another kind of HDF5 file. {remedy}", "attribute format")
    stated = file.attrs.get("version")
    if not isinstance(stated, (int, np.integer)) or stated < 1:
        raise error(path, f"expected a whole number from 1, found {stated!r}. {remedy}", "attribute version")
    if stated > version:
        newer = f"is {stated}, newer than this program reads ({version}): upgrade lsl-toolkit"
        raise error(path, newer, "attribute version")


def _inner(file: h5py.File, key: str, error: type[DataFileError]) -> Any:
    """The object at `key`, every step a hard link of this file; None where absent."""
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
            raise error(Path(file.filename), f"damaged HDF5 object ({_reason(problem)})", key) from None
    return place


def _reason(problem: BaseException) -> str:
    """HDF5's own words on one line, without the wrapping that h5py adds."""
    return str(problem).strip("'\"").removeprefix("Unable to synchronously open file (").rstrip(")")
