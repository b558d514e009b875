"""Whole chunks of images, maps or features: read one after the other, inflated side by side, never past their size."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from threading import Lock
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.deflate_codec import inflated
from lsl_shared.process.patience import patiently
from lsl_shared.system_errors import as_os_error

__all__ = ["ImageChunks"]


_UNDONE = {(): False, (h5py.h5z.FILTER_DEFLATE,): False, (h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE): True}
"""Filters that are undone here, and whether values were shuffled; HDF5 undoes others."""


class ImageChunks:
    """The chunks of images uint8 (N, H, W, 3), maps uint8 (N, H, W) or features (N, D), for several threads at once.

    `reopen` opens the file again and returns its images: it is called where the file's disk had vanished.
    """

    def __init__(self, images: h5py.Dataset, reopen: Callable[[], h5py.Dataset]) -> None:
        self._images, self._reopen = images, reopen
        self._reading = Lock()
        self._filters = _filters(images)
        self._whole: bool | None = None  # whether every chunk was written; not known yet
        self._shape, self._dtype, self._count = images.chunks, images.dtype, len(images)  # h5py asks HDF5 each time

    def read(self, start: int) -> NDArray[Any]:
        """The rows of the chunk that begins at row `start`. Raises OSError, or ValueError for damaged data."""
        shape, dtype = self._shape, self._dtype
        count = min(shape[0], self._count - start)
        if self._filters not in _UNDONE:
            return self._by_h5py(start, count)
        with self._reading:
            stored = patiently(lambda: self._raw(start), self.reopen)
        if stored is None:
            return self._by_h5py(start, count)
        mask, raw = stored
        if mask and _UNDONE[self._filters]:
            return self._by_h5py(start, count)  # one filter of two was left out
        size = prod(shape) * dtype.itemsize
        data = inflated(raw, size) if self._filters and not mask else raw
        if len(data) != size:
            raise ValueError(f"a chunk of {len(data)} bytes, expected {size}")
        values = _in_order(data, dtype) if _UNDONE[self._filters] else np.frombuffer(data, dtype)
        return values.reshape(shape)[:count]

    def reopen(self) -> None:
        """Opens the file again; the caller holds off all readers."""
        self._images = self._reopen()

    def _raw(self, start: int) -> tuple[int, bytes] | None:
        """Filter mask and stored bytes of a chunk; None of one that was never written."""
        try:
            corner, images = (start, *(0,) * (len(self._shape) - 1)), self._images.id
            if self._whole is None:
                self._whole = images.get_num_chunks() * self._shape[0] >= self._count
            # HDF5 looks through all chunks to tell of one: a million images would take longer than in proportion.
            if not self._whole and not images.get_chunk_info_by_coord(corner).size:
                return None
            mask, raw = images.read_direct_chunk(corner)
        except RuntimeError as problem:  # h5py's guise of some read errors
            raise as_os_error(problem) from None
        return mask, raw

    def _by_h5py(self, start: int, count: int) -> NDArray[Any]:
        with self._reading:
            return np.asarray(patiently(lambda: self._images[start : start + count], self.reopen))


def _in_order(data: bytes | bytearray, dtype: np.dtype[Any]) -> NDArray[Any]:
    """What HDF5's filter shuffle had taken apart: first bytes of all values, second ones, and so on."""
    planes = np.frombuffer(data, np.uint8).reshape(dtype.itemsize, -1)
    values = np.empty(planes.shape[::-1], np.uint8)
    for byte, plane in enumerate(planes):  # four times as fast as transposing all at once
        values[:, byte] = plane
    return values.view(dtype)


def _filters(images: h5py.Dataset) -> tuple[int, ...]:
    """The codes of the filters that a chunk went through."""
    created = images.id.get_create_plist()
    return tuple(created.get_filter(place)[0] for place in range(created.get_nfilters()))
