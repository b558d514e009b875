"""Differences between methods that were asked about the same images: a bootstrap over genes, Holm's correction."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.calibration.bootstrap import interval, mean_replicates

__all__ = ["Difference", "differences", "holm"]

_REPLICATES = 10_000


@dataclass(frozen=True)
class Difference:
    """Two methods compared on the same images. Accuracies are 0..1."""

    first: str
    second: str
    difference: float
    """The accuracy of the first minus that of the second."""
    low: float
    high: float
    """The 95 % interval of the difference, from a percentile bootstrap over genes."""
    p: float
    """Two-sided p of no difference: how often a replicate is as far from the difference as the difference is from 0."""
    p_holm: float
    """The same p, corrected for the number of pairs (Holm 1979)."""


def differences(
    names: Sequence[str],
    right: NDArray[np.bool_ | np.floating],
    groups: NDArray[np.integer],
    generator: np.random.Generator,
) -> list[Difference]:
    """The difference of every pair of methods.

    `right` (N, M) tells whether method m was right about image n, or in what share of repeats. `groups` (N,) is the
    gene of each image. The images may be those of several test sets, one after the other: a gene that is in two of them
    still counts once.
    """
    replicates = mean_replicates(right.astype(np.float64), groups, generator, _REPLICATES)  # (B, M)
    means, found = right.mean(0), []
    for a, b in combinations(range(len(names)), 2):
        drawn, difference = replicates[:, a] - replicates[:, b], float(means[a] - means[b])
        far = np.abs(drawn - difference) >= abs(difference) - 1e-12
        found.append((names[a], names[b], difference, *interval(drawn), (1 + far.sum()) / (1 + _REPLICATES)))
    corrected = holm(np.array([row[-1] for row in found]))
    return [Difference(*row[:-1], float(row[-1]), float(p)) for row, p in zip(found, corrected, strict=True)]


def holm(p: NDArray[np.floating]) -> NDArray[np.float64]:
    """n values of p, (n,), corrected for their number, so that the family-wise error holds (Holm 1979)."""
    order = np.argsort(p, kind="stable")
    stepped = np.maximum.accumulate(p[order] * np.arange(len(p), 0, -1)) if len(p) else p
    corrected = np.empty(len(p))
    corrected[order] = np.minimum(stepped, 1)
    return corrected
