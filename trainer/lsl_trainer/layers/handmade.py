"""The hand-made baseline of the field: dense SIFT, a codebook, pooling over a coarse grid (Ji et al. 2009).

Descriptors are computed on a regular grid of the grey image. A codebook, learnt on training images, then describes
them: `words` counts how often each of k means is the nearest, `sparse` takes the largest coefficients of a sparse code.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["Codebook", "Coding", "dense_sift"]

Coding = Literal["words", "sparse"]
_STEP, _SIZE = 8, 16
"""Pixels between two descriptors, pixels that one covers."""
_SAMPLED = 20_000
"""So many descriptors teach a codebook."""
_NON_ZERO = 5
"""So many words make up a descriptor in a sparse code."""
_GRIDS = ((1, 1), (2, 5))


def dense_sift(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """RootSIFT descriptors (Arandjelović and Zisserman 2012) of uint8 (H, W, 3) every 8 pixels: float32 (h, w, 128).

    Each covers 16 × 16 pixels and is upright. It is divided by its sum, then the root of each number is taken.
    """
    grey = cv2.cvtColor(np.ascontiguousarray(image), cv2.COLOR_RGB2GRAY)
    rows, columns = (range(_STEP // 2, side, _STEP) for side in grey.shape)
    points = [cv2.KeyPoint(float(x), float(y), float(_SIZE), 0.0) for y in rows for x in columns]
    _, found = cv2.SIFT.create().compute(grey, points)
    descriptors = found / np.maximum(found.sum(1, keepdims=True), 1e-6)
    rooted: NDArray[np.float32] = np.sqrt(descriptors).astype(np.float32)
    return rooted.reshape(len(rows), len(columns), -1)


class Codebook:
    """Words that are learnt from the descriptors of training images. The same seed gives the same words."""

    def __init__(self, descriptors: NDArray[np.float32], coding: Coding, *, size: int = 256, seed: int = 0) -> None:
        """Learns `size` words from `descriptors` (N, h, w, 128), at most 20,000 of them."""
        self.coding, self.size = coding, size
        generator = np.random.default_rng(seed)
        flat = descriptors.reshape(-1, descriptors.shape[-1])
        sample = flat[generator.permutation(len(flat))[:_SAMPLED]]
        self._words = _means(sample, size, seed) if coding == "words" else _atoms(sample, size, seed)

    def features(self, descriptors: NDArray[np.float32]) -> NDArray[np.float64]:
        """Features (N, D) of images with descriptors (N, h, w, 128): codes pooled over the whole and over 2 × 5 cells.

        Pooling takes the mean of counts of words, and the maximum of coefficients of a sparse code.
        """
        return np.stack([self._pooled(image) for image in descriptors])

    def _pooled(self, image: NDArray[np.float32]) -> NDArray[np.float64]:
        flat = image.reshape(-1, image.shape[-1])
        codes = (self._counts(flat) if self.coding == "words" else self._coefficients(flat)).reshape(
            *image.shape[:2], -1
        )
        pool = np.mean if self.coding == "words" else np.max
        return np.concatenate([pool(cell, axis=(0, 1)) for cell in _cells(codes)])

    def _counts(self, flat: NDArray[np.float32]) -> NDArray[np.float64]:
        nearest = ((self._words**2).sum(1) / 2 - flat @ self._words.T).argmin(1)
        return np.asarray(np.eye(self.size)[nearest], np.float64)

    def _coefficients(self, flat: NDArray[np.float32]) -> NDArray[np.float64]:
        from sklearn.decomposition import sparse_encode

        code = sparse_encode(flat.astype(np.float64), self._words, algorithm="omp", n_nonzero_coefs=_NON_ZERO)
        return np.asarray(np.abs(code), np.float64)


def _means(sample: NDArray[np.float32], size: int, seed: int) -> NDArray[np.float64]:
    from sklearn.cluster import MiniBatchKMeans

    fitted = MiniBatchKMeans(size, batch_size=2048, n_init=1, max_iter=30, random_state=seed).fit(sample)
    return np.asarray(fitted.cluster_centers_, np.float64)


def _atoms(sample: NDArray[np.float32], size: int, seed: int) -> NDArray[np.float64]:
    from sklearn.decomposition import MiniBatchDictionaryLearning

    learner = MiniBatchDictionaryLearning(
        size, batch_size=512, max_iter=1, fit_algorithm="cd", transform_algorithm="omp",
        transform_n_nonzero_coefs=_NON_ZERO, random_state=seed,
    )  # fmt: skip
    return np.asarray(learner.fit(sample[: _SAMPLED // 2].astype(np.float64)).components_, np.float64)


def _cells(codes: NDArray[np.float64]) -> Iterator[NDArray[np.float64]]:
    """The whole (h, w, K), then each cell of the grid."""
    for rows, columns in _GRIDS:
        for strip in np.array_split(codes, rows, axis=0):
            yield from np.array_split(strip, columns, axis=1)
