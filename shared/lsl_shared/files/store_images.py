"""The images of a store: read chunk by chunk, in blocks, or picked out in any order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.chunks import ImageChunks
from lsl_shared.files.fingerprint import fingerprint
from lsl_shared.files.hdf5 import read_dataset
from lsl_shared.files.own_stacks import import_told
from lsl_shared.files.packing import images_per_chunk, large_chunks_told, repack_told
from lsl_shared.files.text_column import TextColumn
from lsl_shared.system_errors import unreadable

__all__ = ["StoreImages", "images_per_chunk"]


class StoreImages:
    """The images in the file of a store, uint8 (N, H, W, 3), RGB, `chunk_images` of them in one HDF5 chunk.

    `reopen` opens the file again: it is called where the file's disk had vanished. Raises StoreError for images of
    another kind, or chunks that do not hold whole images.
    """

    def __init__(self, file: h5py.File, reopen: Callable[[], h5py.File]) -> None:
        self._path, self._reopen = Path(file.filename), reopen
        self._images = read_dataset(
            file, "images", StoreError, dtype="u", shape=(None, None, None, 3), cure=import_told
        )
        self._check()
        self.shape: tuple[int, int, int] = self._images.shape[:3]
        self.chunk_images: int = self._images.chunks[0]
        self._chunks = ImageChunks(self._images, self._reopened)

    def __len__(self) -> int:
        return self.shape[0]

    def read(self, start: int, stop: int) -> NDArray[np.uint8]:
        """Images start … stop − 1, uint8 (n, H, W, 3)."""
        start, stop, _ = slice(start, stop).indices(len(self))
        pixels = self._empty(max(stop - start, 0))
        for first in range(start - start % self.chunk_images, stop, self.chunk_images):
            block = self.read_chunk(first)
            lower, upper = max(first, start), min(first + len(block), stop)
            pixels[lower - start : upper - start] = block[lower - first : upper - first]
        return pixels

    def read_chunk(self, start: int) -> NDArray[np.uint8]:
        """The images of the chunk that begins at image `start`, read only; waits for a disk that vanishes."""
        try:
            return self._chunks.read(start)
        except (OSError, ValueError) as problem:
            stop = min(start + self.chunk_images, len(self))
            raise StoreError(self._path, unreadable(problem), f"images[{start}:{stop}]") from None

    def blocks(self, images: int) -> Iterator[tuple[int, NDArray[np.uint8]]]:
        """Yields (start, images) over all images in order, whole chunks, about `images` at a time."""
        step = max(1, images // self.chunk_images) * self.chunk_images
        for start in range(0, len(self), step):
            yield start, self.read(start, min(start + step, len(self)))

    def select(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The images at `indices`, in any order; each chunk is read once."""
        selected = self._empty(len(indices))
        chunk_of = np.asarray(indices) // self.chunk_images
        for chunk in np.unique(chunk_of):
            start = int(chunk) * self.chunk_images
            block = self.read(start, min(start + self.chunk_images, len(self)))
            places = np.flatnonzero(chunk_of == chunk)
            selected[places] = block[indices[places] - start]
        return selected

    @property
    def large_chunks(self) -> str:
        """What to tell of chunks that are needlessly large; '' where they are not."""
        return large_chunks_told(self._path, self._images.shape, self.chunk_images)

    @property
    def packing(self) -> str:
        """The chunks and filters of the images, such as "8x128x320x3 1(4)": gzip is filter 1."""
        created = self._images.id.get_create_plist()
        filters = [created.get_filter(place) for place in range(created.get_nfilters())]
        told = (f"{number}({','.join(map(str, values))})" for number, _, values, _ in filters)
        return " ".join(("x".join(map(str, self._images.chunks)), *told))

    def fingerprint(self, ids: TextColumn) -> str:
        """SHA-256 that identifies the images and their ids."""
        try:
            return fingerprint(self._images, ids)
        except (OSError, RuntimeError) as problem:
            raise StoreError(self._path, unreadable(problem), "images") from None

    def _empty(self, count: int) -> NDArray[np.uint8]:
        return np.empty((count, *self._images.shape[1:]), np.uint8)

    def _reopened(self) -> h5py.Dataset:
        self._images = self._reopen()["images"]
        return self._images

    def _check(self) -> None:
        images, path = self._images, self._path
        if images.dtype != np.uint8 or 0 in images.shape:
            found = f"expected at least one uint8 image, found {images.dtype} {images.shape}"
            raise StoreError(path, "; ".join(filter(None, (found, import_told(images.file)))), "images")
        if images.chunks is None or images.chunks[1:] != images.shape[1:]:
            found = f"expected whole images per chunk, found chunks {images.chunks}"
            raise StoreError(path, f"{found}: {repack_told(path, 'images', images.shape)}", "images")
