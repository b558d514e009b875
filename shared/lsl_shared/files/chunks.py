"""Whole chunks of a store's images: read one after the other, inflated side by side, never past the chunk's size."""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.deflate_codec import inflated
from lsl_shared.process.patience import patiently
from lsl_shared.system_errors import as_os_error

__all__ = ["ImageChunks"]


class ImageChunks:
    """The chunks of images uint8 (N, H, W, 3), or of maps uint8 (N, H, W), for several threads at once.

    `reopen` opens the file again and returns its images: it is called where the file's disk had vanished.
    """

    def __init__(self, images: h5py.Dataset, reopen: Callable[[], h5py.Dataset]) -> None:
        self._images, self._reopen = images, reopen
        self._reading = Lock()
        self._filters = _filters(images)

    def read(self, start: int) -> NDArray[np.uint8]:
        """The images of the chunk that begins at image `start`. Raises OSError, or ValueError for damaged data."""
        shape = self._images.chunks
        count = min(shape[0], len(self._images) - start)
        if self._filters not in ((), (h5py.h5z.FILTER_DEFLATE,)):
            return self._by_h5py(start, count)
        with self._reading:
            stored = patiently(lambda: self._raw(start), self.reopen)
        if stored is None:
            return self._by_h5py(start, count)
        mask, raw = stored
        size = int(np.prod(shape))
        data = inflated(raw, size) if self._filters and not mask else raw
        if len(data) != size:
            raise ValueError(f"a chunk of {len(data)} bytes, expected {size}")
        return np.frombuffer(data, np.uint8).reshape(shape)[:count]

    def reopen(self) -> None:
        """Opens the file again; the caller holds off all readers."""
        self._images = self._reopen()

    def _raw(self, start: int) -> tuple[int, bytes] | None:
        """Filter mask and stored bytes of a chunk; None of one that was never written."""
        try:
            corner = (start, *(0,) * (self._images.ndim - 1))
            if not self._images.id.get_chunk_info_by_coord(corner).size:
                return None
            mask, raw = self._images.id.read_direct_chunk(corner)
        except RuntimeError as problem:  # h5py's guise of some read errors
            raise as_os_error(problem) from None
        return mask, raw

    def _by_h5py(self, start: int, count: int) -> NDArray[np.uint8]:
        with self._reading:
            return np.asarray(patiently(lambda: self._images[start : start + count], self.reopen))


def _filters(images: h5py.Dataset) -> tuple[int, ...]:
    """The codes of the filters that a chunk went through."""
    created = images.id.get_create_plist()
    return tuple(created.get_filter(place)[0] for place in range(created.get_nfilters()))
