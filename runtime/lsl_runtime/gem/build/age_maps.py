"""Maps at an age: a kernel regression over the ages of images, each gene counting once.

All ages are summed up in one pass over the store, or in as few as their sums have room for.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.cluster import Machines
from lsl_runtime.gem.build.age_axis import CUT, FARTHEST, AgeAxis, age_axis
from lsl_runtime.gem.build.bootstrap import BAND_ROWS, REPLICATES, grid_shape
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.gem_of_sums import gem_of_sums
from lsl_runtime.gem.build.requested import Requested, requested
from lsl_runtime.gem.build.selection import Choice
from lsl_runtime.gem.build.settings import Filter, MapSettings, Mode
from lsl_runtime.gem.build.side_by_side import map_threads
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.gem.build.store_pass import Pass, sums_of
from lsl_runtime.gem.build.sums import Sums
from lsl_shared.errors import GemError
from lsl_shared.files.store import Store

__all__ = ["AgeSums", "age_pass", "age_passes", "build_age_gems", "make_age_maps", "make_age_sums"]

_NOT_SHOWN = np.array([], np.int64)
"""No image stands for an age: those of a stage are the ones that the model is surest of."""
_ROOM = 1 << 29
"""Bytes that the sums of one pass may take."""


def build_age_gems(
    store: str | Path,
    ages: Sequence[float],
    *,
    bandwidth: float | None = None,
    annotations: str | Path | None = None,
    mode: Mode = "mean",
    view: str | None = None,
    genes: Collection[str] | None = None,
    exclude: Collection[str] = (),
    workers: int | None = None,
    scheduler: str | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Gem, ...]:
    """The maps at some ages, in one pass: kernel regression over the ages of images, each gene counting once.

    Args:
        store: The image store.
        ages: In the unit of `Annotations.timetable`, such as minutes.
        bandwidth: How far in time images count, in the same unit; None is 0.75 classes, wider where genes are few.
        annotations: The annotations file; None takes the one beside the store.
        mode: `mean` averages the stain density, `fraction` counts stained images (density above 0.2).
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        genes: Only images of these genes; None takes all, and images without a gene.
        exclude: No images of these genes.
        workers: Processes of this machine that share the work; None works in this process.
        scheduler: Address of a Dask scheduler whose workers share the work, such as tls://host:8786.
        on_progress: Called with the number of the store's images just passed; ages of large images take several passes.

    Returns:
        A map for each age; `stage` is the age, `selection` tells the bandwidth and how many genes it is worth.

    Raises:
        StoreError: The store cannot be read.
        AnnotationsError: There are no annotations, or they are of another store.
        GemError: The annotations have no ages, or no image is near enough.
        ConfigError: The timetable does not reach an age, or the bandwidth is not above 0.

    Example:
        >>> from lsl_runtime import build_age_gems
        >>> early, late = build_age_gems("store.h5", [100, 240])
        >>> early.stage, late.stage, early.gem.shape
        ('100min', '240min', (16, 40))
    """
    wanted, machines = Filter(view, genes, exclude), Machines(workers, scheduler)
    with open_source(store, annotations, None) as source:
        return make_age_maps(source, age_axis(source, wanted), ages, bandwidth, wanted, mode, on_progress, machines)


@dataclass(frozen=True)
class AgeSums:
    """The sums of the map at an age, and what they are worth."""

    age: float
    sums: Sums
    told: str
    """The bandwidth, and how many genes of equal weight tell as much."""
    effective: float
    """How many genes of equal weight tell as much."""


def age_passes(store: Store, count: int) -> int:
    """How many times maps at `count` ages pass a store."""
    return -(-count // _at_once(store))


def make_age_maps(
    source: Source,
    axis: AgeAxis,
    ages: Sequence[float],
    bandwidth: float | None,
    wanted: Filter,
    mode: Mode = "mean",
    on_progress: Callable[[int], None] | None = None,
    machines: Machines | None = None,
) -> tuple[Gem, ...]:
    """The maps at ages; see `build_age_gems`."""
    over, asked = age_pass(source, wanted, mode), requested(source, [], wanted)
    made = make_age_sums(over, axis, ages, bandwidth, on_progress, machines)
    return tuple(_gem(over, asked, axis, one, wanted) for one in made)


def make_age_sums(
    over: Pass,
    axis: AgeAxis,
    ages: Sequence[float],
    bandwidth: float | None,
    on_progress: Callable[[int], None] | None = None,
    machines: Machines | None = None,
) -> Iterator[AgeSums]:
    """The sums of each age, as many at once as there is room for. Raises ConfigError and GemError."""
    source, weighted = over.source, [axis.weights(age, bandwidth) for age in ages]
    for age, (weights, width, _) in zip(ages, weighted, strict=True):
        if not weights.any():
            reach = FARTHEST if bandwidth is None else CUT * width
            raise GemError(source.annotations.path, _nobody_near(axis, age, reach), f"{axis.task}/age")
    given = "" if bandwidth is None else f"{bandwidth:g} {axis.table.unit}"
    told = [
        f"bandwidth {given or axis.told(age, width)}, worth {effective:.1f} genes"
        for age, (_, width, effective) in zip(ages, weighted, strict=True)
    ]
    choices = [_choice(axis, age, weights) for age, (weights, _, _) in zip(ages, weighted, strict=True)]
    each = _at_once(source.store)
    for start in range(0, len(ages), each):
        part = slice(start, start + each)
        made = sums_of(over, choices[part], machines or Machines(), on_progress or (lambda count: None))
        for age, sums, text, (_, _, effective) in zip(ages[part], made, told[part], weighted[part], strict=True):
            yield AgeSums(age, sums, text, effective)


def age_pass(source: Source, wanted: Filter, mode: Mode) -> Pass:
    """A pass that maps ages."""
    return Pass(source, requested(source, [], wanted).task, MapSettings(masked=False, mode=mode, landmark_map=False))


def _at_once(store: Store) -> int:
    """How many ages one pass has room for: sums of parts that threads make, of one that waits, and of all before."""
    height, width = store.shape[1:3]
    rows, columns = grid_shape((height, width), BAND_ROWS)
    return max(1, _ROOM // ((map_threads() + 2) * (3 * 8 * height * width + 4 * REPLICATES * rows * columns)))


def _choice(axis: AgeAxis, age: float, weights: NDArray[np.float64]) -> Choice:
    near = weights > 0
    name = axis.table.classes[min(int(axis.place(age)), len(axis.table.classes) - 1)]
    return Choice(name, axis.rows[near], weights[near], len(np.unique(axis.groups[near])), _NOT_SHOWN)


def _gem(over: Pass, asked: Requested, axis: AgeAxis, made: AgeSums, wanted: Filter) -> Gem:
    gem = gem_of_sums(made.sums, over, asked, wanted)
    told = ", ".join(filter(None, [made.told, wanted.told()]))
    band = gem.band if made.effective > 1 else None
    return replace(gem, kind="age", stage=axis.name(made.age), selection=told, band=band)


def _nobody_near(axis: AgeAxis, age: float, reach: float) -> str:
    near = axis.table.ages(axis.places[[np.abs(axis.places - axis.place(age)).argmin()]])[0]
    return (
        f"no image lies within {axis.told(age, reach)} of {age:g} {axis.table.unit}; the "
        f"nearest is at {near:.4g}: choose another --age, or a wider --bandwidth"
    )
