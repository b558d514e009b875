"""Where two genomewide expression maps differ: two stages, two models, or two lists of genes.

The maps are compared on a grid of 16 rows, cell by cell within both embryos. A bootstrap over genes that gives a
gene the same count on both maps tells the standard error of the difference, whatever genes they share. It is too small
where few genes are stained, so that no cell gets less than the median one, and difference / error is read as Student's
t with one degree of freedom less than the smaller side has genes. Discoveries are held to a false discovery rate after
Benjamini and Hochberg, who allow neighbours to depend on each other positively, as cells of a map do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import REPLICATES, Replicates, area_mean, grid_shape
from lsl_runtime.gem.build.saliency_source import saliency_source
from lsl_runtime.gem.build.selection import Filter, Weights, check_same_store, choose, constraint_kept, task_of
from lsl_runtime.gem.build.sums import Mode, Sums, sum_up
from lsl_runtime.gem.comparison.significance import false_discovery, two_sided
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.store import Store

__all__ = ["COMPARED_ROWS", "GemComparison", "GemSide", "compare_gems", "compare_sums"]

COMPARED_ROWS = 16


@dataclass(frozen=True)
class GemSide:
    """One of the two maps. `genes` None takes all; `annotations` None takes those beside the store."""

    stage: str
    genes: Collection[str] | None = None
    annotations: str | Path | None = None
    label: str = ""
    """What to call it; '' is the stage."""

    @property
    def name(self) -> str:
        """What it is called."""
        return self.label or self.stage


@dataclass(frozen=True, eq=False)
class GemComparison:
    """The first map minus the second, on a grid of h × w cells."""

    names: tuple[str, str]
    difference: NDArray[np.float32]
    """(h, w), -1..1."""
    t: NDArray[np.float32]
    """(h, w): difference / standard error; NaN outside the embryos."""
    p: NDArray[np.float64]
    """(h, w): of each cell alone; NaN outside the embryos."""
    significant: NDArray[np.bool_]
    """(h, w): discoveries at the rate."""
    embryo: NDArray[np.float32]
    """(h, w), 0..1: share of the embryos that cover the cell, the smaller of the two; compared from 0.5."""
    n_images: tuple[int, int]
    n_genes: tuple[int, int]
    rate: float
    freedom: int
    mode: Mode
    masked: bool
    store_fingerprint: str = ""


def compare_gems(
    store: str | Path,
    first: GemSide,
    second: GemSide,
    *,
    masked: bool = False,
    mode: Mode = "mean",
    view: str | None = None,
    exclude: Collection[str] = (),
    weights: Weights = "equal",
    floor: float = 0.0,
    constrained: bool = True,
    rate: float = 0.05,
    on_progress: Callable[[int], None] | None = None,
) -> GemComparison:
    """The difference of two maps, first minus second, with its significance.

    `masked` compares the masked maps. `rate` is the share of false ones among the discoveries that is accepted, between
    0 and 1. `on_progress` is called with the number of images just passed; each side passes the store once. See
    `build_gems` for the rest. Raises what `build_gems` raises, and GemError where a side has fewer than two genes.
    """
    if mode not in get_args(Mode):
        raise ConfigError(f"mode must be one of {', '.join(get_args(Mode))}, received {mode!r}")
    if not 0 < rate < 1:
        raise ConfigError(f"the false discovery rate lies between 0 and 1, received {rate}")
    advance = on_progress or (lambda count: None)
    filters = [Filter(view, side.genes, exclude, weights, floor, constrained) for side in (first, second)]
    with Store(store) as opened:
        sums = [
            _sums(opened, side, wanted, masked, mode, advance)
            for side, wanted in zip((first, second), filters, strict=True)
        ]
        return compare_sums((first.name, second.name), sums[0], sums[1], masked, mode, rate, opened.fingerprint())


def compare_sums(
    names: tuple[str, str], first: Sums, second: Sums, masked: bool, mode: Mode, rate: float, fingerprint: str = ""
) -> GemComparison:
    """The comparison of two maps from their sums; see `compare_gems`."""
    grid = grid_shape(first.value.shape, COMPARED_ROWS)
    maps = [area_mean((one.masked if masked else one.value) / one.weight, grid) for one in (first, second)]
    embryo = np.minimum(*(area_mean(one.embryo / one.weight, grid) for one in (first, second)))
    genes = (first.choice.n_genes, second.choice.n_genes)
    freedom = min(*genes, REPLICATES) - 1
    difference, inside = maps[0] - maps[1], embryo >= 0.5
    drawn = [one.masked_replicates if masked else one.replicates for one in (first, second)]
    error = _standard_error(drawn[0], drawn[1], grid)[inside] * np.sqrt((freedom + 1) / freedom)
    t, p = np.full(grid, np.nan, np.float32), np.full(grid, np.nan)
    floor = np.median(error) if inside.any() else 0.0
    t[inside] = _ratio(difference[inside], np.maximum(error, floor))
    p[inside] = two_sided(t[inside], freedom)
    significant = np.zeros(grid, bool)
    significant[inside] = false_discovery(p[inside], rate)
    counts = (len(first.choice.rows), len(second.choice.rows))
    return GemComparison(
        names, difference, t, p, significant, embryo, counts, genes, rate, freedom, mode, masked, fingerprint
    )


def _sums(
    store: Store, side: GemSide, wanted: Filter, masked: bool, mode: Mode, advance: Callable[[int], None]
) -> Sums:
    with Annotations(side.annotations or annotations_path(store.path)) as given:
        check_same_store(store, given)
        task = task_of(given, [side.stage])
        choice = choose(store, given, task, side.stage, wanted)
        if choice.n_genes < 2:
            raise GemError(given.path, f"{side.name!r} has images of one gene only; a comparison needs two or more")
        kept = task if constraint_kept(given, task, wanted) else ""
        maps = saliency_source(store, given, None, constrained=kept) if masked else None
        return sum_up(store, [choice], maps, mode, advance)[0]


def _standard_error(first: Replicates, second: Replicates, grid: tuple[int, int]) -> NDArray[np.float64]:
    """(h, w): spread over the replicates in which both maps have a gene."""
    drawn = (first.weight > 0) & (second.weight > 0)
    difference = area_mean(first.means()[drawn] - second.means()[drawn], grid)  # (B, h, w)
    return np.asarray(difference.std(axis=0, ddof=1, dtype=np.float64))


def _ratio(difference: NDArray[np.float32], error: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(difference, error, out=np.zeros(error.shape), where=error > 0)
