"""When the images of a store are, and how much each counts for an age.

An image counts by its distance in time, k = exp(−d² / 2h²), d and the bandwidth h in classes, since classes last from
minutes to hours. Of the images of a gene those that are nearer count more, and together as much as the nearest of them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.mapped_task import task_of
from lsl_runtime.gem.build.selection import passing
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source
from lsl_shared.errors import ConfigError, GemError
from lsl_shared.timetable import CLASSES, MINUTES, Timetable

__all__ = ["CUT", "FARTHEST", "AgeAxis", "age_axis", "parse_age"]

BANDWIDTH = 0.75
"""In classes; chosen on development stores (BENCHMARKS.md)."""
CUT = 3.0
"""How many bandwidths away images no longer count."""
FARTHEST = 2 * BANDWIDTH
"""Of the nearest image, in classes: what is farther shows another time, however wide the bandwidth becomes."""
_WIDEST, _WIDER, _ENOUGH = 2.0, 1.25, 10
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

        Without a `bandwidth`, in the unit of the timetable, it is the usual one, wider where genes are few; nothing
        counts where no image is near.
        """
        place = self.place(age)
        if bandwidth is not None:
            width = self._in_classes(age, bandwidth)
            return (found := self._weights(place, width)), width, self._effective(found)
        width = BANDWIDTH
        if not self.is_near(age):
            return np.zeros(len(self.places)), width, 0.0
        while self._effective(found := self._weights(place, width)) < _ENOUGH and width * _WIDER <= _WIDEST:
            width *= _WIDER
        return found, width, self._effective(found)

    def is_near(self, age: float) -> bool:
        """Whether any image is near an age."""
        return bool(np.abs(self.places - self.place(age)).min() <= FARTHEST)

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
        kernel = np.where(away <= CUT, np.exp(-(away**2) / 2), 0)
        genes, gene = np.unique(self.groups, return_inverse=True)
        total, most = np.bincount(gene, kernel), np.zeros(len(genes))
        np.maximum.at(most, gene, kernel)
        return np.asarray(kernel * (most / np.maximum(total, 1e-300))[gene])

    def _effective(self, weights: NDArray[np.float64]) -> float:
        """How many genes of equal weight tell as much: (Σ W)² / Σ W², W the weight of each gene."""
        of_gene = np.bincount(np.unique(self.groups, return_inverse=True)[1], weights)
        return float(of_gene.sum() ** 2 / max((of_gene**2).sum(), 1e-300)) if of_gene.any() else 0.0


def parse_age(text: str, table: Timetable, option: str = "--age") -> float:
    """The age that was typed: 220, 220min, 3.5h, or 9.5 where classes are counted. Raises ConfigError."""
    found = re.fullmatch(r"\s*(\d+(?:[.,]\d+)?)\s*([a-zA-Z]*)\s*", text)
    if found is None:
        raise ConfigError(f"{option} {text!r}: type a number, such as 220 or 220min")
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
    raise ConfigError(f"{option} {text!r}: {counted}")


def age_axis(source: Source, wanted: Filter) -> AgeAxis:
    """The images with an age that pass the filter. Raises GemError where there are none, and ConfigError."""
    if wanted.floor or wanted.sure or wanted.weights != "equal":
        raise ConfigError("--floor, --sure and --weights ask about a stage; ages go without them")
    annotations, task = source.annotations, task_of(source.annotations, [], source.first_task)
    if not annotations.has_age(task):
        told = "has no ages: run `lsl-annotate` again; classes without an order need --timetable"
        raise GemError(annotations.path, told, task)
    table, age = annotations.timetable(task), annotations.age(task)
    rows = np.flatnonzero(passing(source.store, wanted) & ~np.isnan(age))
    if not len(rows):
        raise GemError(annotations.path, "no image with an age passes --view, --genes and --exclude", f"{task}/age")
    return AgeAxis(task, table, rows, table.positions(age[rows]), source.store.groups()[rows])
