"""Conformal prediction sets: for a promised fraction of the images, the right class is in the set.

The score is 1 − p(true class) (Sadinle, Lei and Wasserman 2019, "least ambiguous sets"). Images of one gene are not
exchangeable with those of others, genes are: each gene counts once, its images share that (Lee, Barber and Willett
2023, "hierarchical conformal prediction"; Dunn, Wasserman and Ramdas 2023).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.coverage import COVERAGE

__all__ = ["MIN_GROUPS", "conformal_threshold", "prediction_set"]

MIN_GROUPS = 10
"""Fewer genes than this give no threshold: nine times in ten cannot be promised from fewer than nine."""
_ROUNDING = 1e-12


def conformal_threshold(
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    groups: NDArray[np.integer],
    coverage: float = COVERAGE,
) -> float | None:
    """The threshold on 1 − p that covers the true class with at least `coverage`; None under MIN_GROUPS groups.

    `truth` int (N,), `probabilities` (N, K), `groups` int (N,), the gene of each. It is 1, which lets all classes in,
    where the promise cannot be kept otherwise.
    """
    genes, gene, images = np.unique(groups, return_inverse=True, return_counts=True)
    if len(genes) < MIN_GROUPS:
        return None
    scores = 1 - probabilities[np.arange(len(truth)), truth]
    order = np.argsort(scores, kind="stable")
    # The gene to come is one more: its images count as scores above all others.
    reached = np.cumsum(1 / images[gene[order]]) / (len(genes) + 1)
    place = np.searchsorted(reached, coverage - _ROUNDING)
    return float(scores[order[place]]) if place < len(order) else 1.0


def prediction_set(probabilities: NDArray[np.floating], threshold: float | None) -> NDArray[np.bool_]:
    """The prediction sets, bool (N, K): classes with 1 − p ≤ threshold, and always the most probable one.

    Without a threshold the most probable class stands alone: no coverage is promised.
    """
    chosen = np.zeros(probabilities.shape, dtype=bool) if threshold is None else 1 - probabilities <= threshold
    chosen[np.arange(len(chosen)), probabilities.argmax(1)] = True
    return chosen
