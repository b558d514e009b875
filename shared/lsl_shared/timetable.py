"""When classes in order begin and end, so that a place among the classes becomes an age."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError

__all__ = ["CLASSES", "MINUTES", "Timetable", "plain_order"]

MINUTES, CLASSES = "minutes", "classes"
"""Units: minutes after egg laying, and the plain order of classes, in which each lasts 1."""
_RANGE = re.compile(r"(\d+)-(\d+)")


@dataclass(frozen=True)
class Timetable:
    """The times at which the classes of a task begin and end, one after the other.

    Args:
        classes: The names of the K classes, in their order.
        begin: (K,): when each begins, in `unit`.
        end: (K,): when each ends; not before it begins, and not after the next one begins.
        unit: What the times are counted in, such as minutes.

    Raises:
        ConfigError: A time is no number, or the times are not in order.

    Example:
        >>> import numpy as np
        >>> from lsl_shared import Timetable
        >>> table = Timetable(("young", "old"), (0.0, 60.0), (60.0, 100.0))
        >>> table.ages(np.array([0.5, 1.25])).tolist()  # half through the first class, a quarter through the second
        [30.0, 70.0]
    """

    classes: tuple[str, ...]
    begin: tuple[float, ...]
    end: tuple[float, ...]
    unit: str = MINUTES

    def __post_init__(self) -> None:
        for name, begin, end in zip(self.classes, self.begin, self.end, strict=True):
            if not (np.isfinite([begin, end]).all() and begin < end):
                raise ConfigError(f"timetable: class {name!r} begins at {begin:g} and ends at {end:g}; it must last")
        rows = zip(self.classes, self.begin, self.end, strict=True)
        for (name, _, end), (after, begin, _) in pairwise(rows):
            if begin < end:
                early = f"class {after!r} begins at {begin:g}, before {name!r} ends at {end:g}"
                raise ConfigError(f"timetable: {early}; classes follow each other")

    def of(self, classes: Sequence[str]) -> Timetable:
        """The rows of some classes, in the order given; a range such as 4-6 lasts from its first class to its last.

        Args:
            classes: Names.

        Raises:
            ConfigError: The timetable lacks a class, or the classes do not follow each other in it.
        """
        if lacking := [name for name in classes if self._span(name) is None]:
            raise ConfigError(f"the timetable lacks the class {', '.join(lacking)}; add a line with begin and end")
        spans = [span for name in classes if (span := self._span(name))]
        begin, end = zip(*spans, strict=True)
        return Timetable(tuple(classes), begin, end, self.unit)

    def has(self, name: str) -> bool:
        """Whether it tells when a class begins and ends.

        Args:
            name: The name of the class.
        """
        return self._span(name) is not None

    def ages(self, positions: NDArray[np.floating]) -> NDArray[np.float64]:
        """The ages of places among the classes.

        Args:
            positions: 0..K: 2.5 is half through the third class; NaN stays.

        Returns:
            float64 of the same shape, in `unit`.
        """
        known = np.nan_to_num(positions)
        k = np.clip(known.astype(int), 0, len(self.classes) - 1)
        begin, end = np.array(self.begin), np.array(self.end)
        found = begin[k] + (known - k) * (end[k] - begin[k])
        return np.asarray(np.where(np.isnan(positions), np.nan, found))

    def positions(self, ages: NDArray[np.floating]) -> NDArray[np.float64]:
        """The places among the classes of ages, what `ages` undoes.

        Args:
            ages: In `unit`; NaN stays.

        Returns:
            float64 of the same shape, 0..K; an age beyond the ends is put there.
        """
        edges = np.stack([self.begin, self.end], 1).ravel()
        places = np.repeat(np.arange(len(self.classes) + 1.0), 2)[1:-1]
        return np.asarray(np.where(np.isnan(ages), np.nan, np.interp(ages, edges, places)))

    def _span(self, name: str) -> tuple[float, float] | None:
        if name in self.classes:
            place = self.classes.index(name)
            return self.begin[place], self.end[place]
        ends = _RANGE.fullmatch(name)
        if ends and ends[1] in self.classes and ends[2] in self.classes:
            return self.begin[self.classes.index(ends[1])], self.end[self.classes.index(ends[2])]
        return None


def plain_order(classes: Sequence[str]) -> Timetable:
    """The timetable in which every class lasts 1: class "9" from 9 to 10, and the third of named ones from 3 to 4."""
    numbers = [int(name) if name.isdecimal() else -1 for name in classes]
    counted = all(number == numbers[0] + place for place, number in enumerate(numbers)) and numbers[0] >= 0
    begin = tuple(float(number) for number in (numbers if counted else range(1, len(classes) + 1)))
    return Timetable(tuple(classes), begin, tuple(one + 1 for one in begin), CLASSES)
