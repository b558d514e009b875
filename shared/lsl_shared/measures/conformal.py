"""Conformal prediction sets: for a promised fraction of the images, the right class is in the set.

Split conformal prediction with the score 1 − p(true class) (Sadinle, Lei and Wasserman 2019, "least ambiguous sets").
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

__all__ = ["MIN_GROUPS", "conformal_threshold", "prediction_set"]

MIN_GROUPS = 20
"""Fewer calibration groups than this give no threshold."""


def conformal_threshold(
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    groups: NDArray[np.integer],
    generator: np.random.Generator,
    coverage: float = 0.9,
) -> float | None:
    """The threshold on 1 − p that covers the true class with at least `coverage`; None under MIN_GROUPS groups.

    `truth` int (N,), `probabilities` (N, K), `groups` int (N,). Images of one gene are not exchangeable with those of
    others, so one random image of each group counts.
    """
    order = generator.permutation(len(groups))
    drawn = order[np.unique(groups[order], return_index=True)[1]]
    if len(drawn) < MIN_GROUPS:
        return None
    scores = np.sort(1 - probabilities[drawn, truth[drawn]])
    rank = math.ceil((len(scores) + 1) * coverage)
    return float(scores[rank - 1]) if rank <= len(scores) else 1.0


def prediction_set(probabilities: NDArray[np.floating], threshold: float | None) -> NDArray[np.bool_]:
    """The prediction sets, bool (N, K): classes with 1 − p ≤ threshold, and always the most probable one.

    Without a threshold the most probable class stands alone: no coverage is promised.
    """
    chosen = np.zeros(probabilities.shape, dtype=bool) if threshold is None else 1 - probabilities <= threshold
    chosen[np.arange(len(chosen)), probabilities.argmax(1)] = True
    return chosen
