"""Temperature scaling (Guo et al. 2017): probabilities that mean what they say, fitted on calibration images."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.metrics import nll

__all__ = ["MIN_IMAGES", "fit_sigmoid_temperature", "fit_temperature", "sigmoid", "softmax"]

MIN_IMAGES = 20
"""Fewer labelled calibration images than this leave the temperature at 1."""
_GOLDEN_RATIO = (5**0.5 - 1) / 2
_TRIED = np.geomspace(0.1, 10, 81)


def fit_temperature(logits: NDArray[np.floating], truth: NDArray[np.integer]) -> float:
    """The temperature in 0.1 … 10 with the least NLL; logits (N, K), truth (N,); 1 under MIN_IMAGES images.

    The NLL has one minimum over the temperature, found by golden-section search on its logarithm.
    """
    if len(truth) < MIN_IMAGES:
        return 1.0
    low, high = np.log(0.1), np.log(10.0)
    for _ in range(60):
        width = _GOLDEN_RATIO * (high - low)
        left, right = high - width, low + width
        costs = [nll(truth, softmax(logits, np.exp(tried))) for tried in (left, right)]
        if costs[0] < costs[1]:
            high = right
        else:
            low = left
    return float(np.exp((low + high) / 2))


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Rows of probabilities (N, K): softmax(logits / temperature) in float64 (eq. 1)."""
    scaled = np.asarray(logits, dtype=np.float64) / temperature
    exponentials = np.exp(scaled - scaled.max(1, keepdims=True))
    normalized: NDArray[np.float64] = exponentials / exponentials.sum(1, keepdims=True)
    return normalized


def fit_sigmoid_temperature(logits: NDArray[np.floating], labels: NDArray[np.integer]) -> float:
    """The temperature in 0.1 … 10 with the least binary cross-entropy over known entries; 1 under MIN_IMAGES images.

    `logits` and `labels` (n, T); labels are 0 or 1, −1 unknown.
    """
    known = labels >= 0
    if known.any(1).sum() < MIN_IMAGES:
        return 1.0
    signed = np.where(labels == 1, 1.0, -1.0)[known] * logits[known]
    losses = [np.logaddexp(0, -signed / temperature).mean() for temperature in _TRIED]
    return float(_TRIED[int(np.argmin(losses))])


def sigmoid(x: NDArray[np.floating]) -> NDArray[np.float64]:
    """1 / (1 + exp(−x)) in float64, without overflow."""
    probabilities: NDArray[np.float64] = np.exp(-np.logaddexp(0, -np.asarray(x, dtype=np.float64)))
    return probabilities
