"""Where the maps at two ages differ, with the significance of two stages."""

from __future__ import annotations

from collections.abc import Callable, Collection
from pathlib import Path

from lsl_runtime.cluster import Machines
from lsl_runtime.gem.build.age_axis import AgeAxis, age_axis
from lsl_runtime.gem.build.age_maps import AgeSums, age_pass, make_age_sums
from lsl_runtime.gem.build.settings import Filter, Mode
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.gem.comparison.comparison import GemComparison, check_rate, compare_sums
from lsl_shared.errors import ConfigError, GemError

__all__ = ["compare_age_maps", "compare_ages"]


def compare_ages(
    store: str | Path,
    first: float,
    second: float,
    *,
    bandwidth: float | None = None,
    annotations: str | Path | None = None,
    mode: Mode = "mean",
    view: str | None = None,
    genes: Collection[str] | None = None,
    exclude: Collection[str] = (),
    rate: float = 0.05,
    on_progress: Callable[[int], None] | None = None,
) -> GemComparison:
    """The map at an age minus that at another one, with the significance of `compare_gems`.

    An image counts for both ages where it is near enough. A gene counts the same on both sides in each replicate of the
    bootstrap, so what both ages share makes no difference.

    Args:
        store: The image store.
        first: The age whose map is subtracted from, in the unit of `Annotations.timetable`, such as minutes.
        second: The age whose map is subtracted.
        bandwidth: How far in time images count, in the same unit; None is 0.75 classes, wider where genes are few.
        annotations: The annotations file; None takes the one beside the store.
        mode: `mean` compares the mean stain density, `fraction` the share of stained images.
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        genes: Only images of these genes; None takes all, and images without a gene.
        exclude: No images of these genes.
        rate: The share of false ones among the discoveries that is accepted, above 0 and below 1.
        on_progress: Called with the number of the store's images just passed.

    Returns:
        The difference on a grid of at most 16 rows; `freedom` counts genes of equal weight. Nothing is written.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, or they are of another store.
        GemError: The annotations have no ages, no image is near enough, or those that are belong to one gene.
        ConfigError: A setting is outside its range, or both ages are the same.

    Example:
        >>> from lsl_runtime import compare_ages
        >>> found = compare_ages("store.h5", 100, 240)
        >>> found.names, found.difference.shape
        (('100min', '240min'), (16, 40))
        >>> bool(found.difference[8, 5] > 0), bool(found.difference[8, 34] < 0)
        (True, True)
    """
    wanted = Filter(view, genes, exclude)
    with open_source(store, annotations, None) as source:
        axis = age_axis(source, wanted)
        return compare_age_maps(source, axis, (first, second), bandwidth, wanted, mode, rate, on_progress)


def compare_age_maps(
    source: Source,
    axis: AgeAxis,
    ages: tuple[float, float],
    bandwidth: float | None,
    wanted: Filter,
    mode: Mode,
    rate: float = 0.05,
    on_progress: Callable[[int], None] | None = None,
    machines: Machines | None = None,
) -> GemComparison:
    """The comparison of the maps at two ages; see `compare_ages`."""
    check_rate(rate)
    if ages[0] == ages[1]:
        raise ConfigError(f"two ages are compared; received {axis.name(ages[0])} twice")
    over = age_pass(source, wanted, mode)
    first, second = make_age_sums(over, axis, ages, bandwidth, on_progress, machines)
    for one in (first, second):
        _check(source, axis, one)
    names, worth = (axis.name(first.age), axis.name(second.age)), max(2, int(min(first.effective, second.effective)))
    return compare_sums(
        names, first.sums, second.sums, over.settings, rate, source.annotations.store_fingerprint, worth
    )


def _check(source: Source, axis: AgeAxis, one: AgeSums) -> None:
    """Raises GemError where one gene makes up a map."""
    if one.effective < 2:
        told = f"the map at {axis.name(one.age)} is that of hardly more than one gene; a comparison needs two or more"
        raise GemError(source.annotations.path, f"{told}: a wider --bandwidth takes more", f"{axis.task}/age")
