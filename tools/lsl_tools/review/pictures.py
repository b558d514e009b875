"""Pictures for the page: thumbnails and whole images as JPEG, made when they are seen, the latest kept."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from threading import Lock
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.review.open_store import SharedStore
from lsl_tools.standardize.sheet.thumbnail import fitted

__all__ = ["Kept", "Pictures", "jpeg_of", "png_of"]

_THUMBNAIL: Final = (144, 256)
"""(H, W) that a thumbnail fits into; smaller images stay as they are."""
_CHUNKS, _THUMBNAIL_BYTES = 24 << 20, 48 << 20
_QUALITY, _FINE_QUALITY = 82, 94


class Kept:
    """The values used last, up to so many bytes in all; each is made once, by the first who asks."""

    def __init__(self, most: int) -> None:
        self._most, self._bytes, self._lock = most, 0, Lock()
        self._values: OrderedDict[Hashable, bytes | NDArray[np.uint8]] = OrderedDict()

    def get(self, key: Hashable) -> bytes | NDArray[np.uint8] | None:
        """The value, None where it is not kept."""
        with self._lock:
            if key in self._values:
                self._values.move_to_end(key)
            return self._values.get(key)

    def put(self, key: Hashable, value: bytes | NDArray[np.uint8]) -> None:
        """Keeps a value, and forgets those that were not used for longest."""
        with self._lock:
            if key not in self._values:
                self._values[key] = value
                self._bytes += _size(value)
            while self._bytes > self._most and len(self._values) > 1:
                self._bytes -= _size(self._values.popitem(last=False)[1])

    def clear(self) -> None:
        """Forgets all."""
        with self._lock:
            self._values.clear()
            self._bytes = 0


class Pictures:
    """The pictures of a store; any number of threads may ask at once."""

    def __init__(self, store: SharedStore) -> None:
        self._store = store
        self._chunks, self._thumbnails = Kept(_CHUNKS), Kept(_THUMBNAIL_BYTES)

    def clear(self) -> None:
        """Forgets all, once the store's images have changed."""
        self._chunks.clear()
        self._thumbnails.clear()

    def pixels(self, row: int) -> NDArray[np.uint8]:
        """An image, uint8 (H, W, 3). Raises StoreError where its chunk cannot be read."""
        with self._store.reading() as store:
            start = row - row % store.chunk_images
            block = self._chunks.get(start)
            if not isinstance(block, np.ndarray):
                block = store.read_chunk(start)
                self._chunks.put(start, block)
        return np.asarray(block[row - start], np.uint8)

    def thumbnail(self, row: int) -> bytes:
        """A JPEG of an image, small. Raises StoreError."""
        kept = self._thumbnails.get(row)
        if isinstance(kept, bytes):
            return kept
        made = jpeg_of(_small(self.pixels(row)), _QUALITY)
        self._thumbnails.put(row, made)
        return made

    def whole(self, row: int) -> bytes:
        """A JPEG of an image as it lies in the store. Raises StoreError."""
        return jpeg_of(self.pixels(row), _FINE_QUALITY)


def jpeg_of(picture: NDArray[np.uint8], quality: int) -> bytes:
    """uint8 (H, W, 3), RGB, as the bytes of a JPEG file."""
    encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return encoded.tobytes()


def png_of(picture: NDArray[np.uint8]) -> bytes:
    """uint8 (H, W, 4), RGBA, as the bytes of a PNG file."""
    encoded = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGBA2BGRA))[1]
    return encoded.tobytes()


def _small(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if picture.shape[0] <= _THUMBNAIL[0] and picture.shape[1] <= _THUMBNAIL[1]:
        return picture
    return fitted(picture, _THUMBNAIL)[0]


def _size(value: bytes | NDArray[np.uint8]) -> int:
    return len(value) if isinstance(value, bytes) else value.nbytes
