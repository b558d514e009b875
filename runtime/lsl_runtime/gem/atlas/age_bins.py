"""Bins of age in the place of stages: which images lie in each, and when it begins and ends."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.age_axis import AgeAxis
from lsl_runtime.gem.build.selection import Choice
from lsl_shared.errors import ConfigError
from lsl_shared.timetable import CLASSES, MINUTES, Timetable

__all__ = ["AgeBins", "age_bins"]

_MOST = 500
_NOT_SHOWN = np.array([], np.int64)


@dataclass(frozen=True)
class AgeBins:
    """The bins that have images, and their images."""

    choices: tuple[Choice, ...]
    times: Timetable


def age_bins(axis: AgeAxis, width: float) -> AgeBins:
    """Bins as long as `width`, in the unit of the timetable, from its begin on; the last one is shorter.

    Raises ConfigError for a width that makes no bins, or too many.
    """
    begin, end = axis.table.begin[0], axis.table.end[-1]
    if not (np.isfinite(width) and width > 0 and (end - begin) / width <= _MOST):
        told = f"--age-bins {width:g}: from {begin:g} to {end:g} {axis.table.unit} there are 1 to {_MOST} bins"
        raise ConfigError(f"{told}; choose {(end - begin) / _MOST:.3g} or more")
    borders = np.append(np.arange(begin, end - 1e-9 * (end - begin), width), end)  # (B + 1,)
    inside = np.digitize(axis.table.ages(axis.places), borders[1:-1])
    names = [_name(low, high, axis.table.unit) for low, high in pairwise(borders)]
    kept = np.unique(inside).tolist()
    times = Timetable(
        tuple(names[place] for place in kept),
        tuple(borders[kept].tolist()),
        tuple(borders[1:][kept].tolist()),
        axis.table.unit,
    )
    return AgeBins(tuple(_choice(axis, inside == place, names[place]) for place in kept), times)


def _choice(axis: AgeAxis, here: NDArray[np.bool_], name: str) -> Choice:
    """The images of a bin, each gene counting once."""
    genes, gene, counts = np.unique(axis.groups[here], return_inverse=True, return_counts=True)
    return Choice(name, axis.rows[here], 1 / counts[gene], len(genes), _NOT_SHOWN)


def _name(low: float, high: float, unit: str) -> str:
    """A bin as people write it: 80-140min."""
    told = {MINUTES: "min", CLASSES: ""}.get(unit, f" {unit}")
    return f"{low:g}-{high:g}{told}"
