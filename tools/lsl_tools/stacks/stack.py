"""A stack of images in a file of someone's own: HDF5, MATLAB v7.3, or NumPy's .npy and .npz; read block by block."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.files.hdf5 import any_dataset
from lsl_shared.files.opening import open_hdf5
from lsl_shared.files.own_stacks import image_keys
from lsl_shared.system_errors import unreadable
from lsl_shared.wording import command_line, first_few
from lsl_tools.stacks.axes import Writer
from lsl_tools.stacks.numpy_file import is_numpy_file, mapped_array, numpy_keys

__all__ = ["Stack", "is_stack_file", "open_stack"]

_ENDINGS = (".h5", ".hdf5", ".hdf", ".he5", ".mat", ".npy", ".npz")
_BLOCK_BYTES = 16 << 20
_MATLAB = "MATLAB_class"


@dataclass(frozen=True)
class Stack:
    """Numbers on three or four axes, in the order in which they are stored."""

    path: Path
    key: str
    """Where they lie in the file; '' in a .npy."""
    data: Any
    """The HDF5 dataset, or the mapped array."""
    writer: Writer

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes as they are stored."""
        return tuple(self.data.shape)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of its numbers."""
        dtype: np.dtype[Any] = self.data.dtype
        return dtype

    def blocks(self, axis: int) -> Iterator[NDArray[Any]]:
        """The stack cut along `axis`, whole chunks where they are not too large. Raises DataFileError."""
        step = self._step(axis)
        for start in range(0, self.shape[axis], step):
            place = (*(slice(None),) * axis, slice(start, start + step))
            try:
                yield np.asarray(self.data[place])
            except OSError as problem:
                raise DataFileError(self.path, unreadable(problem), f"{self.key}[{start}:{start + step}]") from None

    def _step(self, axis: int) -> int:
        one = self.dtype.itemsize * int(np.prod(self.shape)) // max(self.shape[axis], 1)
        fitting = max(1, _BLOCK_BYTES // max(one, 1))
        chunks = getattr(self.data, "chunks", None)
        chunk: int = chunks[axis] if chunks else 1
        return fitting // chunk * chunk or fitting


def is_stack_file(path: Path) -> bool:
    """Whether a file is HDF5 or NumPy's by what it holds, else by its name."""
    if not path.is_file():
        return False
    return is_numpy_file(path) or bool(h5py.is_hdf5(path)) or path.suffix.lower() in _ENDINGS


@contextmanager
def open_stack(path: Path, key: str | None, scratch: Path) -> Iterator[Stack]:
    """Opens the stack at `key`, or the only one that there is; `scratch` is a folder for what must be unpacked first.

    Raises DataFileError for a file that cannot be read, ConfigError where `key` is missing or none of the file's.
    """
    if is_numpy_file(path):
        name = _chosen(path, key, numpy_keys(path))
        with mapped_array(path, name, scratch) as array:
            yield Stack(path, name, array, "numpy")
        return
    _refuse_older_matlab(path)
    with open_hdf5(path, DataFileError, "A stack of images is an HDF5 or NumPy file") as file:
        keys = image_keys(file)
        name = _chosen(path, key, keys)
        if name not in keys and file.get(name, getlink=True) is None:
            raise ConfigError(f"{path}: no dataset {name!r}; stacks of images in the file: {first_few(keys) or 'none'}")
        dataset = any_dataset(file, name, DataFileError)
        yield Stack(path, name, dataset, "matlab" if _MATLAB in dataset.attrs else "hdf5")


def _chosen(path: Path, key: str | None, keys: list[str]) -> str:
    """The key asked for, else the only one."""
    if key is not None:
        return key.strip("/")
    if len(keys) != 1:
        listed = first_few(keys) or "none"
        example = command_line("--images", keys[0] if keys else "KEY")
        raise ConfigError(f"{path}: name the images: {example}. Stacks of images in the file: {listed}")
    return keys[0]


def _refuse_older_matlab(path: Path) -> None:
    with path.open("rb") as stream:
        start = stream.read(16)
    if start.startswith(b"MATLAB 5.0"):
        cure = "save it again in MATLAB with save(FILE, '-v7.3'), or write a .npy with scipy.io.loadmat"
        raise DataFileError(path, f"is a MATLAB file from before version 7.3: {cure}")
