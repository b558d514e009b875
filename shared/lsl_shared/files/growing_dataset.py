"""A dataset of images that grows chunk by chunk, so that one chunk at most waits in memory."""

from __future__ import annotations

from collections.abc import Sequence

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["GrowingDataset"]


class GrowingDataset:
    """A new dataset uint8 (N, *shape) at `key`, gzip chunks of `chunk_images`; `flush` it at the end."""

    def __init__(self, file: h5py.File, key: str, shape: Sequence[int], *, chunk_images: int, compression: int) -> None:
        self._dataset = file.create_dataset(
            key, (0, *shape), np.uint8, maxshape=(None, *shape), chunks=(chunk_images, *shape),
            compression="gzip", compression_opts=compression,
        )  # fmt: skip
        self._waiting: list[NDArray[np.uint8]] = []

    def add(self, array: NDArray[np.uint8]) -> None:
        """Adds one array uint8 of the dataset's shape; it is copied."""
        self._waiting.append(np.array(array))
        if len(self._waiting) == self._dataset.chunks[0]:
            self.flush()

    def flush(self) -> None:
        """Writes what waits as one chunk; the last one may be partly filled."""
        if self._waiting:
            count = len(self._dataset)
            self._dataset.resize(count + len(self._waiting), axis=0)
            self._dataset[count:] = np.stack(self._waiting)
            self._waiting.clear()
