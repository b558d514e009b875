"""When images were taken, as distributions over time: by their stored ages, else by the probabilities of classes.

An image's age is stored as a median and an interval. The distribution is a normal one, as wide below the median as the
interval is there, and as wide above it as it is there.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.annotations import Annotations
from lsl_shared.measures.age import CELLS, density_of

__all__ = ["ImageTimes"]

_FINER = 4
_NINETY = 1.6449
"""So many standard deviations from the median lie the ends of an interval of 90 %."""
_LEAST_SPREAD, _LEAST = 0.02, 1e-9
_STEPS = np.linspace(-6, 6, 1201)
_NORMAL = np.array([(1 + erf(step / 2**0.5)) / 2 for step in _STEPS])


@dataclass(frozen=True)
class ImageTimes:
    """What is stored of when n images were taken."""

    probabilities: NDArray[np.floating]
    """(n, K): of the classes, in order."""
    places: NDArray[np.float64]
    """(n, 3): low end, median and high end of the age, as places among the classes; NaN without one."""

    @classmethod
    def read(cls, given: Annotations, task: str, rows: NDArray[np.int64]) -> ImageTimes:
        """Those of the images `rows` (n,) of annotations."""
        probabilities = given.probabilities(task)[rows]
        if not given.has_age(task):
            return cls(probabilities, np.full((len(rows), 3), np.nan))
        low, high = given.age_interval(task)[rows].T
        ages = np.stack([low, given.age(task)[rows], high], 1)
        return cls(probabilities, given.timetable(task).positions(ages))

    def densities(self, part: NDArray[np.intp]) -> NDArray[np.float64]:
        """The distributions (m, cells) of some of the images, `part` (m,); those without an interval have that of their
        probabilities."""
        places, probabilities = self.places[part], self.probabilities[part]
        known, classes = ~np.isnan(places).any(1), probabilities.shape[1]
        found = np.empty((len(part), classes * CELLS * _FINER))
        found[known] = _split_normal(places[known], classes)
        found[~known] = density_of(probabilities[~known]).repeat(_FINER, axis=1) / _FINER
        return found


def _split_normal(places: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Low end, median and high end (n, 3) → (n, classes · CELLS · 4), rows of which sum to 1."""
    edges = np.arange(classes * CELLS * _FINER + 1) / (CELLS * _FINER)
    below, above = (np.maximum(np.diff(places, axis=1) / _NINETY, _LEAST_SPREAD).T)[:, :, None]
    steps = edges - places[:, 1:2]
    reached = np.interp(np.where(steps < 0, steps / below, steps / above), _STEPS, _NORMAL)
    found = np.diff(reached, axis=1) + _LEAST
    return np.asarray(found / found.sum(1, keepdims=True))
