"""One pass over a store that adds up each gene's stain on a coarse grid, in memory that the number of images does not
change.

Maps add up cell by cell, so the mean over genes of what stands here is the genomewide map on the same grid.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import area_mean
from lsl_runtime.gem.build.measured import STAINED
from lsl_runtime.gem.build.saliency_source import StainOf
from lsl_runtime.gem.build.selection import Choice
from lsl_runtime.model.cores import cores
from lsl_shared.files.store import Store
from lsl_shared.measures.stain import Expression, expression
from lsl_shared.measures.stored_stain import from_bytes

__all__ = ["GeneCells", "gather"]

_BATCH = 32
_STRONGEST = 20  # one part in so many of the places inside the embryo


@dataclass(frozen=True)
class _Image:
    """What is kept of an image: means over the cells of the grid, float32 (h, w), its embryo, bool (H, W), and the
    density where it is strongest, the mean of a twentieth of the cells inside the embryo; NaN without an embryo."""

    density: NDArray[np.float32]
    stained: NDArray[np.float32]
    embryo: NDArray[np.bool_]
    strongest: float


class GeneCells:
    """Sums over images, of S choices and G genes, on a grid (h, w).

    `density`, `stained` float32 (S, G, h, w), `count` int32 (S, G); `embryo` float64 (S, H, W) and `weight` float64
    (S,) weigh each image as its choice does. `strongest` has the density where it is strongest of each image by its
    place in the store.
    """

    def __init__(self, genes: Sequence[str], choices: int, shape: tuple[int, int], grid: tuple[int, int]) -> None:
        self.strongest: dict[int, float] = {}
        self.genes, self.grid = tuple(genes), grid
        self.density, self.stained = (np.zeros((choices, len(genes), *grid), np.float32) for _ in range(2))
        self.count = np.zeros((choices, len(genes)), np.int32)
        self.embryo, self.weight = np.zeros((choices, *shape)), np.zeros(choices)
        self._place = {gene: place for place, gene in enumerate(genes)}

    def add(self, row: int, choice: int, gene: str, image: _Image, weight: float) -> None:
        """Adds the image at `row` to a gene of a choice; one without a gene counts for the mean embryo alone."""
        self.embryo[choice] += image.embryo * weight
        self.weight[choice] += weight
        if gene:
            place = choice, self._place[gene]
            self.density[place] += image.density
            self.stained[place] += image.stained
            self.count[place] += 1
            self.strongest[row] = image.strongest

    def means(self, sums: NDArray[np.float32]) -> NDArray[np.float32]:
        """Sums (S, G, h, w) as means over a gene's images; NaN where it has none."""
        with np.errstate(invalid="ignore"):
            return np.asarray(sums / self.count[:, :, None, None], np.float32)


def gather(
    store: Store,
    choices: Sequence[Choice],
    grid: tuple[int, int],
    on_progress: Callable[[int], None] | None = None,
    stain: StainOf | None = None,
) -> GeneCells:
    """The sums of each choice on a grid (h, w); the choices share no image.

    `stain` is where stain density is stored; images are read without it alone.
    """
    owner, weight = np.full(len(store), -1), np.zeros(len(store))
    for place, choice in enumerate(choices):
        owner[choice.rows], weight[choice.rows] = place, choice.weights
    rows, passed = np.flatnonzero(owner >= 0), 0
    found = GeneCells(sorted(set(store.genes[rows]) - {""}), len(choices), store.shape[1:3], grid)
    for row, image in _measured(_expressions(store, stain), rows, grid):
        found.add(row, int(owner[row]), store.genes[row], image, weight[row])
        if on_progress:
            on_progress(row + 1 - passed)
        passed = row + 1
    if on_progress:
        on_progress(len(store) - passed)
    return found


_Expressions = Callable[[NDArray[np.int64]], Iterable[Callable[[], Expression]]]
"""From places in the store (n,), ascending, to what finds stain and embryo of each image; reading comes first."""


def _expressions(store: Store, stain: StainOf | None) -> _Expressions:
    if stain is None:
        return lambda rows: [partial(expression, pixels) for pixels in store.select(rows)]
    return lambda rows: [partial(from_bytes, kept) for kept in stain(rows)]


def _measured(
    expressions: _Expressions, rows: NDArray[np.int64], grid: tuple[int, int]
) -> Iterator[tuple[int, _Image]]:
    """Each row and its image, in order; while a batch is measured, the next one is read."""
    waiting = None
    with ThreadPoolExecutor(cores()) as pool:
        for start in range(0, len(rows), _BATCH):
            part = rows[start : start + _BATCH]
            started = [pool.submit(_measure, find, grid) for find in expressions(part)]
            yield from waiting or ()
            waiting = ((int(row), future.result()) for row, future in zip(part, started, strict=True))
        yield from waiting or ()


def _measure(find: Callable[[], Expression], grid: tuple[int, int]) -> _Image:
    found = find()
    stained = (found.density > STAINED).astype(np.float32)
    density, covered = area_mean(found.density, grid), area_mean(found.mask.astype(np.float32), grid)
    return _Image(density, area_mean(stained, grid), found.mask.copy(), _strongest(density[covered > 0.5]))


def _strongest(density: NDArray[np.float32]) -> float:
    """The mean of the strongest cells; NaN of none."""
    if not len(density):
        return float("nan")
    return float(np.sort(density)[-max(1, len(density) // _STRONGEST) :].mean())
