"""Predicted fine classes against coarse labels, which many more images have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store
from lsl_shared.measures import metrics

__all__ = ["CoarseScores", "Contradiction", "score_coarse"]


@dataclass(frozen=True)
class Contradiction:
    """An image whose predicted class does not lie in the coarse class that it is known to be of."""

    id: str
    gene: str
    coarse: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class CoarseScores:
    """Predicted classes against known coarse labels, over all images that have one, fine label or not."""

    task: str
    n_images: int
    accuracy: float
    majority: float
    """Accuracy of always answering the most frequent coarse class."""
    contradictions: tuple[Contradiction, ...]
    """The most confident first."""


def score_coarse(
    store: Store,
    task: Task,
    rows: NDArray[np.int64],
    known: NDArray[np.int64],
    probabilities: NDArray[np.floating],
) -> CoarseScores | None:
    """Scores the images at `rows`, whose coarse classes `known` (N,) gives; None without any.

    `probabilities` (N, K) are those of the fine classes; the predicted coarse class is the parent of the likeliest.
    """
    if not len(rows):
        return None
    coarse, likeliest = known[rows], probabilities[rows].argmax(1)
    confidence = probabilities[rows].max(1)
    parent = np.array(task.parent_index)[likeliest]
    wrong = np.flatnonzero(parent != coarse)
    contradictions = tuple(
        Contradiction(
            id=store.ids[rows[place]],
            gene=store.genes[rows[place]],
            coarse=task.parent_classes[coarse[place]],
            predicted=task.classes[likeliest[place]],
            probability=float(confidence[place]),
        )
        for place in wrong[np.argsort(-confidence[wrong], kind="stable")]
    )
    return CoarseScores(
        task=task.parent,
        n_images=len(rows),
        accuracy=metrics.accuracy(coarse, parent),
        majority=metrics.majority_share(coarse),
        contradictions=contradictions,
    )
