"""Whether probabilities mean what they say: measured on test images, before and after temperature scaling."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures import metrics
from lsl_trainer.calibration.bootstrap import interval, row_draws
from lsl_trainer.calibration.temperature import softmax

__all__ = ["Calibration", "Measured", "Reliability", "measure_calibration"]

_REPLICATES = 500
_SCORES = {"nll": metrics.nll, "brier": metrics.brier, "ece": metrics.expected_calibration_error}


@dataclass(frozen=True)
class Measured:
    """A number and its 95 % interval, from a percentile bootstrap over genes."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Reliability:
    """How far probabilities and what came true agree. All three numbers are better when smaller."""

    nll: Measured
    """Mean negative log-likelihood, nats."""
    brier: Measured
    """Mean squared distance of the probabilities from 1 for the true class and 0 for the others, 0..2."""
    ece: Measured
    """Expected calibration error over ten bins with as many images each, 0..1. With few images it is never near 0."""
    bins: tuple[tuple[float, float, int], ...]
    """Of each bin: mean probability of the predicted class, share of right answers, number of images."""


@dataclass(frozen=True)
class Calibration:
    """Probabilities of the test images at temperature 1, and at the fitted one."""

    temperature: float
    """1 if there were too few calibration images to fit one."""
    n_images: int
    n_genes: int
    before: Reliability
    after: Reliability


def measure_calibration(
    logits: NDArray[np.floating],
    truth: NDArray[np.integer],
    groups: NDArray[np.integer],
    temperature: float,
    generator: np.random.Generator,
) -> Calibration:
    """Measures N ≥ 1 test images: `logits` (N, K), true classes int (N,), and the gene of each, int (N,)."""
    draws = list(row_draws(groups, _REPLICATES, generator))
    return Calibration(
        temperature=temperature,
        n_images=len(truth),
        n_genes=len(np.unique(groups)),
        before=_reliability(softmax(logits), truth, draws),
        after=_reliability(softmax(logits, temperature), truth, draws),
    )


def _reliability(
    probabilities: NDArray[np.float64], truth: NDArray[np.integer], draws: list[NDArray[np.int64]]
) -> Reliability:
    measured = {
        name: Measured(
            score(truth, probabilities),
            *interval(np.array([score(truth[rows], probabilities[rows]) for rows in draws])),
        )
        for name, score in _SCORES.items()
    }
    bins = metrics.calibration_bins(truth, probabilities)
    return Reliability(**measured, bins=tuple((float(c), float(a), int(n)) for c, a, n in bins))
