"""When a term counts as chosen: thresholds on its probability, from bags that the network did not learn from."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["NEVER", "term_thresholds"]

NEVER = 1.0
"""The threshold of a term that cannot be learnt."""
_DEFAULT = 0.5
_ENOUGH = 3


def term_thresholds(truth: NDArray[np.int64], probabilities: NDArray[np.floating]) -> tuple[float, ...]:
    """The threshold of each term with the best F1 over held-out bags: `truth`, −1 unknown, and `probabilities` (B, T).

    A term that fewer than three bags carry takes the threshold with the best F1 over all terms together, 0.5 where
    these carry none.
    """
    known = truth >= 0
    common = _best(truth[known] == 1, probabilities[known])
    own = [
        _best(truth[known[:, k], k] == 1, probabilities[known[:, k], k])
        if (truth[:, k] == 1).sum() >= _ENOUGH
        else common
        for k in range(truth.shape[1])
    ]
    return tuple(own)


def _best(carried: NDArray[np.bool_], probability: NDArray[np.floating]) -> float:
    """Midway between the two neighbouring values that part best; the highest of equally good ones."""
    if not carried.any():
        return _DEFAULT
    order = np.argsort(-probability, kind="stable")
    values, hits = probability[order], np.cumsum(carried[order])
    scores = 2 * hits / (np.arange(1, len(values) + 1) + carried.sum())
    ends = np.append(values[1:] < values[:-1], True)  # a threshold parts only different values
    place = int(np.flatnonzero(ends)[scores[ends].argmax()])
    below = values[place + 1] if place + 1 < len(values) else min(values[place], _DEFAULT)
    return float((values[place] + below) / 2)
