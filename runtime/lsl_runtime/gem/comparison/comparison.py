"""Where two genomewide expression maps differ: two stages, two models, or two lists of genes.

The maps are compared on a grid of 16 rows, cell by cell within both embryos. A bootstrap over genes that gives a
gene the same count on both maps tells the standard error of the difference, whatever genes they share. It is too small
where few genes are stained, so that no cell gets less than the median one, and difference / error is read as Student's
t with one degree of freedom less than the smaller side has genes. Discoveries are held to a false discovery rate after
Benjamini and Hochberg, who allow neighbours to depend on each other positively, as cells of a map do.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.bootstrap import REPLICATES, Replicates, area_mean, grid_shape
from lsl_runtime.gem.build.requested import requested
from lsl_runtime.gem.build.selection import choose
from lsl_runtime.gem.build.settings import Filter, MapSettings, Mode, Weights
from lsl_runtime.gem.build.significance import false_discovery, two_sided
from lsl_runtime.gem.build.source import Source, check_source
from lsl_runtime.gem.build.store_pass import Pass
from lsl_runtime.gem.build.summing import sum_up
from lsl_runtime.gem.build.sums import Sums
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.store import Store

__all__ = ["COMPARED_ROWS", "GemComparison", "GemSide", "check_rate", "compare_gems", "compare_sides", "compare_sums"]

_ROUNDING = 1e-6
"""Of maps of the same images: a difference that is far below it is none."""

COMPARED_ROWS = 16


@dataclass(frozen=True)
class GemSide:
    """One of the two maps. `genes` None takes all; `annotations` None takes those beside the store."""

    stage: str
    """The class or term."""
    genes: Collection[str] | None = None
    annotations: str | Path | None = None
    label: str = ""
    """What to call it; '' is the class."""

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
    sure: bool = False,
    rate: float = 0.05,
    on_progress: Callable[[int], None] | None = None,
) -> GemComparison:
    """The difference of two maps, first minus second, with its significance.

    Args:
        store: The image store.
        first: The map that is subtracted from: class, genes, annotations.
        second: The map that is subtracted.
        masked: Whether to compare the masked maps, of where the model looks.
        mode: `mean` compares the mean stain density, `fraction` the share of stained images.
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        exclude: No images of these genes.
        weights: `equal`: each gene counts once; `probability`: an image weighs by its probability of the class as well.
        floor: Only images whose probability of the class is at least this, 0..1.
        constrained: Whether to map classes that keep to known coarse labels, where `annotate(constrain=…)` stored them.
        sure: Whether only images count of which the class is sure, as `Annotations.sure_answer` tells.
        rate: The share of false ones among the discoveries that is accepted, above 0 and below 1.
        on_progress: Called with the number of images just passed; each side passes the store once.

    Returns:
        The difference on a grid of at most 16 rows. Nothing is written.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, they are of another store, or no saliency is to be had.
        GemError: A class is unknown, no image is left for a side, or a side has images of one gene only.
        ConfigError: A setting is outside its range.

    Example:
        >>> from lsl_runtime import GemSide, compare_gems
        >>> found = compare_gems("store.h5", GemSide("4"), GemSide("9"))
        >>> found.names, found.difference.shape
        (('4', '9'), (16, 40))
        >>> bool(found.difference[8, 5] > 0), bool(found.difference[8, 34] < 0)
        (True, True)
    """
    wanted, settings = Filter(view, None, exclude, weights, floor, constrained, sure), MapSettings(masked, mode)
    return compare_sides(store, (first, second), wanted, settings, rate, on_progress)


def compare_sides(
    store: str | Path,
    sides: tuple[GemSide, GemSide],
    wanted: Filter,
    settings: MapSettings,
    rate: float = 0.05,
    on_progress: Callable[[int], None] | None = None,
) -> GemComparison:
    """The difference of two maps of the images wanted, the genes of each side; see `compare_gems`."""
    check_rate(rate)
    filters = [replace(wanted, genes=side.genes) for side in sides]
    with Store(store) as opened:
        first, second = (
            _sums(opened, side, one, settings, on_progress) for side, one in zip(sides, filters, strict=True)
        )
        return compare_sums((sides[0].name, sides[1].name), first, second, settings, rate, opened.fingerprint())


def check_rate(rate: float) -> None:
    """Raises ConfigError for a false discovery rate outside 0 to 1."""
    if not 0 < rate < 1:
        raise ConfigError(f"the false discovery rate lies between 0 and 1, received {rate}")


def compare_sums(
    names: tuple[str, str],
    first: Sums,
    second: Sums,
    settings: MapSettings,
    rate: float,
    fingerprint: str = "",
    worth: int | None = None,
) -> GemComparison:
    """The comparison of two maps from their sums; see `compare_gems`.

    `worth` is how many genes of equal weight tell as much as the smaller side; None where all weigh the same.
    """
    masked = settings.masked
    grid = grid_shape(first.value.shape, COMPARED_ROWS)
    maps = [area_mean((one.masked if masked else one.value) / one.weight, grid) for one in (first, second)]
    embryo = np.minimum(*(area_mean(one.embryo / one.weight, grid) for one in (first, second)))
    genes = (first.choice.n_genes, second.choice.n_genes)
    freedom = min(*genes, REPLICATES, worth or REPLICATES) - 1
    difference, inside = maps[0] - maps[1], embryo >= 0.5
    drawn = [one.masked_replicates if masked else one.replicates for one in (first, second)]
    error = _standard_error(drawn[0], drawn[1], grid)[inside] * np.sqrt((freedom + 1) / freedom)
    t, p = np.full(grid, np.nan, np.float32), np.full(grid, np.nan)
    floor = max(np.median(error), _ROUNDING) if inside.any() else 0.0
    t[inside] = _ratio(difference[inside], np.maximum(error, floor))
    p[inside] = two_sided(t[inside], freedom)
    significant = np.zeros(grid, bool)
    significant[inside] = false_discovery(p[inside], rate)
    counts = (len(first.choice.rows), len(second.choice.rows))
    return GemComparison(
        names, difference, t, p, significant, embryo, counts, genes, rate, freedom, settings.mode, masked, fingerprint
    )


def _sums(
    store: Store, side: GemSide, wanted: Filter, settings: MapSettings, on_progress: Callable[[int], None] | None
) -> Sums:
    with Annotations(side.annotations or annotations_path(store.path)) as given:
        source = Source(store, given)
        check_source(source)
        task, _ = requested(source, [side.stage], wanted).task.passes([side.stage])[0]
        choice = choose(source, task, side.stage, wanted)
        if choice.n_genes < 2:
            raise GemError(given.path, f"{side.name!r} has images of one gene only; a comparison needs two or more")
        own = replace(settings, mask="image", landmark_map=False)  # a common mask would say nothing of either side
        return sum_up(store, [choice], own, Pass(source, task, own).explained(), on_progress)[0]


def _standard_error(first: Replicates, second: Replicates, grid: tuple[int, int]) -> NDArray[np.float64]:
    """(h, w): spread over the replicates in which both maps have a gene."""
    drawn = (first.weight > 0) & (second.weight > 0)
    difference = area_mean(first.means()[drawn] - second.means()[drawn], grid)  # (B, h, w)
    return np.asarray(difference.std(axis=0, ddof=1, dtype=np.float64))


def _ratio(difference: NDArray[np.float32], error: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.divide(difference, error, out=np.zeros(error.shape), where=error > 0)
