"""How sure a genomewide expression map is: a Poisson bootstrap over genes, in one pass and in bounded memory.

In replicate r gene g counts k_gr times, k_gr ~ Poisson(1), which stands for drawing genes with replacement. The counts
are a hash of the gene's name, so that every partition, worker and map gives a gene the same ones, and sums over
partitions can be added in any order. Maps are kept on a grid of cells, at most 32 rows.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from functools import cache, lru_cache
from typing import Self

import numpy as np
from numpy.typing import NDArray

__all__ = ["BAND", "BAND_ROWS", "REPLICATES", "Replicates", "area_mean", "gene_counts", "grid_shape"]

REPLICATES = 200
BAND_ROWS = 32
BAND = (2.5, 97.5)
"""Percentiles of the replicates between which a band lies."""

_HELD = 64  # images that are added together: a few matrix products instead of many
_ALONE = 1 << 18  # multiplications that OpenBLAS does in one thread: others, once woken, wait turning
_MOST = 12  # Poisson(1) exceeds it once in 10^10
_CUMULATIVE = np.cumsum([math.exp(-1) / math.factorial(k) for k in range(_MOST)])


@lru_cache(maxsize=256)
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
    planes = planes.astype(np.float32, copy=False)
    if not (planes.shape[-2] % grid[0] or planes.shape[-1] % grid[1]):
        return _block_mean(planes, grid)
    if planes.ndim == 2:
        return _resized(planes, grid)
    down, across = _pixel_weights(planes.shape[-2], grid[0]), _pixel_weights(planes.shape[-1], grid[1])
    return np.asarray(down @ planes @ across.T, np.float32)


def _block_mean(planes: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
    """The same of planes (…, H, W) whose sides the grid divides."""
    down, across = planes.shape[-2] // grid[0], planes.shape[-1] // grid[1]
    rows = _added([planes[..., place::down, :] for place in range(down)])
    return np.multiply(_added([rows[..., place::across] for place in range(across)]), np.float32(1 / (down * across)))


def _resized(plane: NDArray[np.float32], grid: tuple[int, int]) -> NDArray[np.float32]:
    """The same of one plane (H, W), by no algebra library: its threads would wait turning beside those at work."""
    import cv2

    return np.asarray(cv2.resize(plane, grid[::-1], interpolation=cv2.INTER_AREA), np.float32)


def _added(planes: Sequence[NDArray[np.float32]]) -> NDArray[np.float32]:
    total = planes[0] + planes[1] if len(planes) > 1 else planes[0]
    for plane in planes[2:]:
        total += plane
    return total


class Replicates:
    """Weighted sums of maps on a `grid` (h, w) in each of B replicates, and of the weights, `weight` float64 (B,).

    Few images are held as they are, so that sums over a small part of a store take little room.
    """

    def __init__(self, grid: tuple[int, int], replicates: int = REPLICATES) -> None:
        self.grid = grid
        self.weight = np.zeros(replicates)
        self._value: NDArray[np.float32] | None = None  # (B, h·w)
        self._held: list[tuple[NDArray[np.float32], NDArray[np.float32]]] = []

    def add(self, plane: NDArray[np.float32], weight: float, counts: NDArray[np.float32]) -> None:
        """Adds one image's plane (h, w), `counts` times in each replicate, float32 (B,)."""
        self.weight += weight * counts
        self._hold(np.float32(weight) * plane.ravel(), counts)

    def __iadd__(self, other: Replicates) -> Self:
        self.weight += other.weight
        if other._value is not None:
            self._summed()[...] += other._value
        for plane, counts in other._held:
            self._hold(plane, counts)
        return self

    def __add__(self, other: Replicates) -> Replicates:
        both = Replicates(self.grid, len(self.weight))
        both += self
        both += other
        return both

    def sums(self) -> NDArray[np.float32]:
        """The sums, float32 (B, h, w)."""
        self._flush()
        return self._summed().reshape(-1, *self.grid)

    def means(self) -> NDArray[np.float32]:
        """The map of each replicate, float32 (B, h, w); NaN where no gene was drawn."""
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.asarray(self.sums() / self.weight[:, None, None], np.float32)

    def band(self) -> NDArray[np.float32]:
        """Lower and upper map, float32 (2, h, w): the 2.5th and 97.5th percentile over the replicates."""
        drawn = self.means().reshape(len(self.weight), -1)[self.weight > 0]
        ends = np.percentile(np.ascontiguousarray(drawn.T), BAND, axis=1)  # many times faster than along the first axis
        return np.asarray(ends.reshape(2, *self.grid), np.float32)

    def _hold(self, plane: NDArray[np.float32], counts: NDArray[np.float32]) -> None:
        self._held.append((plane, counts))
        if len(self._held) == _HELD:
            self._flush()

    def _summed(self) -> NDArray[np.float32]:
        if self._value is None:
            self._value = np.zeros((len(self.weight), self.grid[0] * self.grid[1]), np.float32)
        return self._value

    def _flush(self) -> None:
        if self._held:
            planes, counts = map(np.stack, zip(*self._held, strict=True))  # (n, h·w), (n, B)
            _add_product(self._summed(), counts, planes)
            self._held.clear()


def _add_product(total: NDArray[np.float32], counts: NDArray[np.float32], planes: NDArray[np.float32]) -> None:
    """Adds countsᵀ (B, n) · planes (n, h·w) to the total, in products that are small enough for one thread."""
    step = max(1, min(_ALONE // counts.size, planes.shape[1]))
    whole = planes.shape[1] // step * step
    for columns, width in ((slice(whole), step), (slice(whole, None), planes.shape[1] - whole)):
        if width:
            several = _blocks(total[:, columns], width)  # (k, B, width)
            several += counts.T @ _blocks(planes[:, columns], width)


def _blocks(values: NDArray[np.float32], width: int) -> NDArray[np.float32]:
    """A view of (n, k · width) as (k, n, width)."""
    return values.reshape(len(values), -1, width).transpose(1, 0, 2)


@cache
def _pixel_weights(size: int, cells: int) -> NDArray[np.float32]:
    """(cells, size): the weight of each pixel in the mean of each cell."""
    borders = np.arange(cells + 1) * size / cells
    pixel = np.arange(size)
    covered = np.minimum(borders[1:, None], pixel + 1) - np.maximum(borders[:-1, None], pixel)
    return np.asarray(np.clip(covered, 0, None) * cells / size, np.float32)
