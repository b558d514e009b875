"""How many labels are wrong in all, with an interval."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lsl_tools.auditing.estimate import Estimate, refitted

__all__ = ["Expected", "expected_errors"]

_NEAR, _FAR = 0.3, 1.0
"""Of which kind wrong labels are is not known: the interval spans from errors of any class to many that look alike."""
_REPLICATES = 24
_DEVIATIONS = 1.96
_MODEL = 0.1
"""What the model of errors leaves out, as a share of the number."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Expected:
    """A number of wrong labels."""

    number: float
    low: float
    high: float
    """Between these lies the true number in 19 of 20 stores."""


def expected_errors(found: Estimate, generator: np.random.Generator) -> tuple[Expected, ...]:
    """Of each task, then of all together. The interval is that of a bootstrap over genes, and of chance in each label.

    Its ends are those of two assumptions, and at least as many labels are wrong as contradict each other for certain.
    """
    ends = [refitted(replace(found, any_class=share), calibrate=False) for share in (_FAR, _NEAR)]
    if found.whole is not found.evidence:  # coarse labels may be witnesses after all, and nothing wrong
        ends[0] = refitted(replace(found, any_class=_FAR, evidence=found.whole), calibrate=False)
    numbers = [_sums(one) for one in (found, *ends)]
    deviations = [_deviations(one, generator) for one in ends]
    least = np.zeros(len(numbers[0]))
    least[-1] = found.whole.contradictory.sum()
    low = np.maximum(np.minimum(*numbers[1:]) - _DEVIATIONS * deviations[0], least)
    high = np.maximum(*numbers[1:]) + _DEVIATIONS * deviations[1]
    middle = np.clip(numbers[0], low, high)
    return tuple(Expected(*map(float, three)) for three in zip(middle, np.maximum(low, 0), high, strict=True))


def _sums(found: Estimate) -> Floats:
    """(tasks + 1,): the expected number of wrong labels of each task, and of all."""
    each = [float(np.nansum(one)) for one in found.wrong]
    return np.array([*each, sum(each)])


def _deviations(found: Estimate, generator: np.random.Generator) -> Floats:
    """(tasks + 1,): the standard deviations of these numbers."""
    genes, of_image = np.unique(found.evidence.groups, return_inverse=True)
    replicates = []
    for _ in range(_REPLICATES):
        counts = np.bincount(generator.integers(0, len(genes), len(genes)), minlength=len(genes))
        drawn = refitted(replace(found, weights=counts[of_image].astype(np.float64)), calibrate=False)
        replicates.append(_sums(replace(drawn, weights=found.weights)))
    chance = [float(np.nansum(one * (1 - one))) for one in found.wrong]
    left_out = (_MODEL * _sums(found)) ** 2
    return np.asarray(np.sqrt(np.var(replicates, axis=0) + np.array([*chance, sum(chance)]) + left_out))
