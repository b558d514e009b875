"""Linear classifiers on fixed features: ridge regression in closed form. Left-out genes choose its penalty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.data.split import group_folds

__all__ = ["PENALTIES", "Floats", "RidgeFit", "choose_penalty", "ridge_scores"]

PENALTIES = tuple(10.0**power for power in range(-3, 4))
"""In units of the mean squared length of the standardized training features."""
_INNER_FOLDS = 5
_LEAST_DEVIATION = 0.1

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class RidgeFit:
    """The penalty that was chosen, and how it did."""

    penalty: float
    error: float
    """Mean squared error of the predictions for left-out genes."""
    left_out: Floats
    """(n, m): the predictions for left-out genes."""


def ridge_scores(train: Floats, targets: Floats, test: Floats, penalties: Sequence[float]) -> Floats:
    """Predictions (P, k, m) for `test` (k, D) from `train` (n, D) and `targets` (n, m), NaN where unknown.

    Features are standardized by the training images. A deviation counts at least a tenth of the mean deviation, so
    that features stay small which are almost always zero. Targets are centred; unknown ones take no part. There are
    many features and few images, so the equations are solved in the n dimensions that the training images span.
    """
    gram, cross = _kernels(train, test)
    scores = np.zeros((len(penalties), len(test), targets.shape[1]))
    known = ~np.isnan(targets)
    for pattern in np.unique(known, axis=1).T:  # targets with the same images known are solved together
        columns, rows = np.flatnonzero((known == pattern[:, None]).all(0)), np.flatnonzero(pattern)
        if len(rows):
            wanted = targets[np.ix_(rows, columns)]
            mean = wanted.mean(0)
            values, vectors = np.linalg.eigh(gram[np.ix_(rows, rows)])
            inner, outer = vectors.T @ (wanted - mean), cross[:, rows] @ vectors
            for place, penalty in enumerate(penalties):
                strength = penalty * max(values.mean(), 1e-12)
                scores[place][:, columns] = outer @ (inner / (np.maximum(values, 0) + strength)[:, None]) + mean
    return scores


def choose_penalty(
    train: Floats, targets: Floats, groups: NDArray[np.int64], penalties: Sequence[float] = PENALTIES
) -> RidgeFit:
    """The penalty with the least squared error for left-out genes, `groups` (n,). Of two equal ones, the larger."""
    folds = group_folds(groups, _INNER_FOLDS)
    tried = sorted(penalties, reverse=True)
    left_out = np.zeros((len(tried), *targets.shape))
    for fold in np.unique(folds):
        inside = folds == fold
        left_out[:, inside] = ridge_scores(train[~inside], targets[~inside], train[inside], tried)
    errors = np.nanmean((left_out - targets) ** 2, axis=(1, 2))
    best = int(errors.argmin())
    return RidgeFit(tried[best], float(errors[best]), left_out[best])


def _kernels(train: Floats, test: Floats) -> tuple[Floats, Floats]:
    """Inner products of standardized features: (n, n) and (k, n)."""
    mean, deviation = train.mean(0), train.std(0)
    deviation = np.maximum(deviation, max(_LEAST_DEVIATION * deviation.mean(), 1e-12))
    standard = (train - mean) / deviation
    return standard @ standard.T, ((test - mean) / deviation) @ standard.T
