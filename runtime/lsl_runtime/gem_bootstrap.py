"""How sure a genomewide expression map is: a Poisson bootstrap over genes, in one pass and in bounded memory.

In replicate r gene g counts k_gr times, k_gr ~ Poisson(1), which stands for drawing genes with replacement. The counts
are a hash of the gene's name, so that every partition, worker and stage gives a gene the same ones, and sums over
partitions can be added in any order. Maps are kept on a grid of cells, at most 32 rows.
"""

from __future__ import annotations

import hashlib
import math
from functools import cache

import numpy as np
from numpy.typing import NDArray

__all__ = ["BAND", "BAND_ROWS", "REPLICATES", "Replicates", "area_mean", "gene_counts", "grid_shape"]

REPLICATES = 200
BAND_ROWS = 32
BAND = (2.5, 97.5)
"""Percentiles of the replicates between which a band lies."""

_HELD = 32  # images that are added together: one matrix product instead of many
_MOST = 12  # Poisson(1) exceeds it once in 10^10
_CUMULATIVE = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(_MOST)])


def gene_counts(group: str, replicates: int = REPLICATES) -> NDArray[np.float32]:
    """How often a gene counts in each replicate, float32 (replicates,) of whole numbers; the same for the same name."""
    digest = hashlib.shake_256(f"lsl bootstrap\n{group}".encode(errors="replace")).digest(4 * replicates)
    uniform = np.frombuffer(digest, "<u4") / 2**32
    return np.searchsorted(_CUMULATIVE, uniform, side="right").astype(np.float32)


def grid_shape(shape: tuple[int, int], rows: int) -> tuple[int, int]:
    """The grid of about square cells, at most `rows` high, that covers a picture of `shape` (H, W)."""
    rows = min(rows, shape[0])
    return rows, min(max(1, round(rows * shape[1] / shape[0])), shape[1])


def area_mean(planes: NDArray[np.floating], grid: tuple[int, int]) -> NDArray[np.float32]:
    """Mean over each cell of a grid, float32 (…, h, w) from (…, H, W); pixels on a border count in proportion."""
    down, across = _shares(planes.shape[-2], grid[0]), _shares(planes.shape[-1], grid[1])
    return np.asarray(down @ planes.astype(np.float32, copy=False) @ across.T, np.float32)


class Replicates:
    """Weighted sums of maps in each replicate: `value` float32 (B, h, w), `weight` float64 (B,)."""

    def __init__(self, grid: tuple[int, int], replicates: int = REPLICATES) -> None:
        self.value = np.zeros((replicates, *grid), np.float32)
        self.weight = np.zeros(replicates)
        self._held: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def add(self, plane: NDArray[np.float32], weight: float, counts: NDArray[np.float32]) -> None:
        """Adds one image's plane (h, w), `counts` times in each replicate, float32 (B,)."""
        self.weight += weight * counts
        self._held.append((np.float32(weight) * plane.ravel(), counts))
        if len(self._held) == _HELD:
            self._flush()

    def __add__(self, other: Replicates) -> Replicates:
        both = Replicates(self.value.shape[1:], len(self.weight))
        both.value = self.sums() + other.sums()
        both.weight = self.weight + other.weight
        return both

    def sums(self) -> NDArray[np.float32]:
        """The sums, float32 (B, h, w)."""
        self._flush()
        return self.value

    def means(self) -> NDArray[np.float32]:
        """The map of each replicate, float32 (B, h, w); NaN where no gene was drawn."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.sums() / self.weight[:, None, None], np.float32)

    def band(self) -> NDArray[np.float32]:
        """Lower and upper map, float32 (2, h, w): the 2.5th and 97.5th percentile over the replicates."""
        means = self.means()
        return np.asarray(np.percentile(means[self.weight > 0], BAND, axis=0), np.float32)

    def _flush(self) -> None:
        if self._held:
            planes, counts = map(np.stack, zip(*self._held, strict=True))  # (n, h·w), (n, B)
            self.value += (counts.T @ planes).reshape(self.value.shape)
            self._held.clear()


@cache
def _shares(size: int, cells: int) -> NDArray[np.float32]:
    """(cells, size): the share of each pixel in the mean of each cell."""
    borders = np.arange(cells + 1) * size / cells
    pixel = np.arange(size)
    covered = np.minimum(borders[1:, None], pixel + 1) - np.maximum(borders[:-1, None], pixel)
    return np.asarray(np.clip(covered, 0, None) * cells / size, np.float32)
