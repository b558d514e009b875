"""NumPy's files: one array in a .npy, several by name in a .npz. Arrays of Python objects are never unpacked."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.system_errors import reason
from lsl_shared.wording import first_few

__all__ = ["is_numpy_file", "mapped_array", "numpy_array", "numpy_keys"]

_ARRAY, _ARCHIVE = b"\x93NUMPY", b"PK\x03\x04"


def is_numpy_file(path: Path) -> bool:
    """Whether a file is a .npy or .npz by what it begins with; an archive must be called .npz."""
    try:
        with path.open("rb") as stream:
            start = stream.read(len(_ARRAY))
    except OSError:
        return False
    return start == _ARRAY or (start.startswith(_ARCHIVE) and path.suffix.lower() == ".npz")


def numpy_keys(path: Path) -> list[str]:
    """The names of the arrays in a .npz; one empty name of a .npy. Raises DataFileError."""
    return list(_members(path)) if _is_archive(path) else [""]


@contextmanager
def mapped_array(path: Path, key: str, scratch: Path) -> Iterator[NDArray[Any]]:
    """The array at `key`, mapped from the disk and not read; a .npz is unpacked into the folder `scratch` for it."""
    if not _is_archive(path):
        yield _loaded(path, path, key, mapped=True)
        return
    with TemporaryDirectory(dir=scratch, prefix=".unpacked.") as folder:
        yield _loaded(_unpacked(path, key, Path(folder)), path, key, mapped=True)


def numpy_array(path: Path, key: str, scratch: Path) -> NDArray[Any]:
    """The whole array at `key`."""
    with mapped_array(path, key, scratch) as array:
        return np.array(array)


def _is_archive(path: Path) -> bool:
    with path.open("rb") as stream:
        return stream.read(len(_ARCHIVE)) == _ARCHIVE


def _members(path: Path) -> dict[str, str]:
    """The names of the arrays, and what they are called in the archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            return {name.removesuffix(".npy"): name for name in archive.namelist() if name.endswith(".npy")}
    except (OSError, zipfile.BadZipFile) as problem:
        raise DataFileError(path, f"cannot be read as a .npz ({problem})") from None


def _unpacked(path: Path, key: str, folder: Path) -> Path:
    members = _members(path)
    if key not in members:
        raise ConfigError(f"{path}: no array {key!r}; there are: {first_few(members) or 'none'}")
    target = folder / "array.npy"
    try:
        with zipfile.ZipFile(path) as archive, archive.open(members[key]) as packed, target.open("wb") as stream:
            while data := packed.read(1 << 20):
                stream.write(data)
    except (OSError, EOFError, zipfile.BadZipFile, zlib.error) as problem:
        raise DataFileError(path, f"cannot be unpacked ({reason(problem)})", key) from None
    return target


def _loaded(file: Path, path: Path, key: str, *, mapped: bool) -> NDArray[Any]:
    try:
        return np.asarray(np.load(file, mmap_mode="r" if mapped else None, allow_pickle=False))
    except (OSError, EOFError, ValueError) as problem:
        told = "holds Python objects, which are not read: write text with dtype 'U', numbers as numbers"
        reason = told if "allow_pickle" in str(problem) or "object" in str(problem) else f"is damaged ({problem})"
        raise DataFileError(path, reason, key) from None
