"""Maps at an age: a kernel regression over the ages of images, each gene counting once.

An image counts by its distance in time, k = exp(−d² / 2h²), d and the bandwidth h in classes, since classes last from
minutes to hours. Of the images of a gene those that are nearer count more, and together as much as the nearest of them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.cluster import Machines
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.gem_of_sums import gem_of_sums
from lsl_runtime.gem.build.mapped_task import task_of
from lsl_runtime.gem.build.requested import Requested, requested
from lsl_runtime.gem.build.selection import Choice, passing
from lsl_runtime.gem.build.settings import Filter, MapSettings, Mode
from lsl_runtime.gem.build.source import Source, open_source
from lsl_runtime.gem.build.store_pass import Pass, sums_of
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.timetable import CLASSES, MINUTES, Timetable

__all__ = ["AgeAxis", "age_axis", "build_age_gems", "make_age_maps", "parse_age"]

BANDWIDTH = 0.75
"""In classes; chosen on development stores (BENCHMARKS.md)."""
_WIDEST, _WIDER, _ENOUGH = 2.0, 1.25, 10
_CUT = 3.0
_NOT_SHOWN = np.array([], np.int64)
"""No image stands for an age: those of a stage are the ones that the model is surest of."""
_MINUTES = {"": 1.0, "m": 1.0, "min": 1.0, "minutes": 1.0, "h": 60.0, "hours": 60.0}


@dataclass(frozen=True)
class AgeAxis:
    """The images that may be mapped, and when they are."""

    task: str
    table: Timetable
    rows: NDArray[np.int64]
    """(n,): their places in the store, ascending."""
    places: NDArray[np.float64]
    """(n,): their ages, as places among the classes."""
    groups: NDArray[np.int64]
    """(n,): their genes."""

    def place(self, age: float) -> float:
        """The place among the classes of an age. Raises ConfigError for one that the timetable does not reach."""
        begin, end = self.table.begin[0], self.table.end[-1]
        if not begin <= age <= end:
            raise ConfigError(f"--age {age:g}: the timetable reaches from {begin:g} to {end:g} {self.table.unit}")
        return float(self.table.positions(np.array([age]))[0])

    def name(self, age: float) -> str:
        """An age as it is typed: 220min, 9.5, 3 days."""
        unit = {MINUTES: "min", CLASSES: ""}.get(self.table.unit, f" {self.table.unit}")
        return f"{age:g}{unit}"

    def weights(self, age: float, bandwidth: float | None) -> tuple[NDArray[np.float64], float, float]:
        """The weight of each image (n,), the bandwidth in classes, and how many genes that is worth.

        Without a `bandwidth`, in the unit of the timetable, it is the usual one, wider where genes are few.
        """
        place = self.place(age)
        if bandwidth is not None:
            width = self._in_classes(age, bandwidth)
            return (found := self._weights(place, width)), width, self._effective(found)
        width = BANDWIDTH
        while self._effective(found := self._weights(place, width)) < _ENOUGH and width * _WIDER <= _WIDEST:
            width *= _WIDER
        return found, width, self._effective(found)

    def told(self, age: float, width: float) -> str:
        """A bandwidth in the unit of the timetable, around an age."""
        ends = self.table.ages(np.clip(self.place(age) + np.array([-width, width]), 0, len(self.table.classes)))
        return f"{(ends[1] - ends[0]) / 2:.3g} {self.table.unit}"

    def _in_classes(self, age: float, bandwidth: float) -> float:
        if not bandwidth > 0:
            raise ConfigError(f"--bandwidth is above 0, received {bandwidth:g}")
        ends = self.table.positions(np.array([age - bandwidth, age + bandwidth]))
        return max(float(ends[1] - ends[0]) / 2, 1e-3)

    def _weights(self, place: float, width: float) -> NDArray[np.float64]:
        away = np.abs(self.places - place) / width
        kernel = np.where(away <= _CUT, np.exp(-(away**2) / 2), 0)
        genes, gene = np.unique(self.groups, return_inverse=True)
        total, most = np.bincount(gene, kernel), np.zeros(len(genes))
        np.maximum.at(most, gene, kernel)
        return np.asarray(kernel * (most / np.maximum(total, 1e-300))[gene])

    def _effective(self, weights: NDArray[np.float64]) -> float:
        """How many genes of equal weight tell as much: (Σ W)² / Σ W², W the weight of each gene."""
        of_gene = np.bincount(np.unique(self.groups, return_inverse=True)[1], weights)
        return float(of_gene.sum() ** 2 / max((of_gene**2).sum(), 1e-300)) if of_gene.any() else 0.0


def parse_age(text: str, table: Timetable) -> float:
    """The age that was typed: 220, 220min, 3.5h, or 9.5 where classes are counted. Raises ConfigError."""
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*([a-zA-Z]*)\s*", text)
    if found is None:
        raise ConfigError(f"--age {text!r}: type a number, such as 220 or 220min")
    number, unit = float(found[1].replace(",", ".")), found[2].lower()
    if unit in ("", table.unit.lower()):
        return number
    if table.unit == MINUTES and unit in _MINUTES:
        return number * _MINUTES[unit]
    counted = (
        "classes are counted: leave the unit out"
        if table.unit == CLASSES
        else f"ages are in {table.unit}: type the number alone"
    )
    raise ConfigError(f"--age {text!r}: {counted}")


def age_axis(source: Source, wanted: Filter) -> AgeAxis:
    """The images with an age that pass the filter. Raises GemError where there are none."""
    annotations, task = source.annotations, task_of(source.annotations, [], source.first_task)
    if not annotations.has_age(task):
        told = "has no ages: run `lsl-annotate` again; classes without an order need --timetable"
        raise GemError(annotations.path, told, task)
    table, age = annotations.timetable(task), annotations.age(task)
    rows = np.flatnonzero(passing(source.store, wanted) & ~np.isnan(age))
    if not len(rows):
        raise GemError(annotations.path, "no image with an age passes --view, --genes and --exclude", f"{task}/age")
    return AgeAxis(task, table, rows, table.positions(age[rows]), source.store.groups()[rows])


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
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Gem, ...]:
    """The maps at some ages, by kernel regression over the ages of the annotated images, each gene counting once.

    Args:
        store: The image store.
        ages: In the unit of `Annotations.timetable`, such as minutes.
        bandwidth: How far in time images count, in the same unit; None is 0.75 classes, wider where genes are few.
        annotations: The annotations file; None takes the one beside the store.
        mode: `mean` averages the stain density, `fraction` counts stained images (density above 0.2).
        view: Only images of this view; None takes lateral images and those of unknown view, "all" takes every image.
        genes: Only images of these genes; None takes all, and images without a gene.
        exclude: No images of these genes.
        on_progress: Called with the number of the store's images just passed, for each age.

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
    wanted = Filter(view, genes, exclude)
    with open_source(store, annotations, None) as source:
        return make_age_maps(source, age_axis(source, wanted), ages, bandwidth, wanted, mode, on_progress)


def make_age_maps(
    source: Source,
    axis: AgeAxis,
    ages: Sequence[float],
    bandwidth: float | None,
    wanted: Filter,
    mode: Mode = "mean",
    on_progress: Callable[[int], None] | None = None,
) -> tuple[Gem, ...]:
    """The maps at ages; see `build_age_gems`."""
    weighted = [axis.weights(age, bandwidth) for age in ages]
    for age, (weights, width, _) in zip(ages, weighted, strict=True):
        if not weights.any():
            raise GemError(source.annotations.path, _nobody_near(axis, age, width), f"{axis.task}/age")
    asked, advance = requested(source, [], wanted), on_progress or (lambda count: None)
    given = "" if bandwidth is None else f"{bandwidth:g} {axis.table.unit}"
    over = Pass(source, asked.task, MapSettings(masked=False, mode=mode, landmark_map=False))
    return tuple(
        _map(over, asked, axis, age, one, wanted, given, advance) for age, one in zip(ages, weighted, strict=True)
    )


def _map(
    over: Pass,
    asked: Requested,
    axis: AgeAxis,
    age: float,
    weighted: tuple[NDArray[np.float64], float, float],
    wanted: Filter,
    given: str,
    advance: Callable[[int], None],
) -> Gem:
    """The map at one age; `given` is the bandwidth that was asked for, '' for the usual one."""
    weights, width, effective = weighted
    near = weights > 0
    name = axis.table.classes[min(int(axis.place(age)), len(axis.table.classes) - 1)]
    genes = len(np.unique(axis.groups[near]))
    choice = Choice(name, axis.rows[near], weights[near], genes, _NOT_SHOWN)
    (sums,) = sums_of(over, [choice], Machines(), advance)
    gem = gem_of_sums(sums, over, asked, wanted)
    told = f"bandwidth {given or axis.told(age, width)}, worth {effective:.1f} genes"
    told = ", ".join(filter(None, [told, wanted.told()]))
    band = gem.band if effective > 1 else None
    return replace(gem, kind="age", stage=axis.name(age), selection=told, band=band)


def _nobody_near(axis: AgeAxis, age: float, width: float) -> str:
    near = axis.table.ages(axis.places[[np.abs(axis.places - axis.place(age)).argmin()]])[0]
    return (
        f"no image lies within {_CUT:g} bandwidths of {axis.told(age, width)} around {age:g} {axis.table.unit}; the "
        f"nearest is at {near:.4g}: choose another --age, or a wider --bandwidth"
    )
