"""Predicted fine classes against the labels of a coarse task, which many more images have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store
from lsl_shared.measures import metrics

__all__ = ["CoarseScores", "Contradiction", "score_coarse"]


@dataclass(frozen=True)
class Contradiction:
    """An image whose predicted class the coarse class that it is known to be of does not allow."""

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
    above: CoarseTask,
    rows: NDArray[np.int64],
    known: NDArray[np.int64],
    probabilities: NDArray[np.floating],
) -> CoarseScores | None:
    """Scores the images at `rows`, whose classes of the coarse task `above` are `known` (N,); None without any.

    `probabilities` (N, K) are those of the fine classes; an answer is right where the coarse class allows it.
    """
    if not len(rows):
        return None
    coarse, likeliest = known[rows], probabilities[rows].argmax(1)
    confidence = probabilities[rows].max(1)
    right = above.matrix(len(task.classes))[coarse, likeliest]
    wrong = np.flatnonzero(~right)
    contradictions = tuple(
        Contradiction(
            id=store.ids[rows[place]],
            gene=store.genes[rows[place]],
            coarse=above.classes[coarse[place]],
            predicted=task.classes[likeliest[place]],
            probability=float(confidence[place]),
        )
        for place in wrong[np.argsort(-confidence[wrong], kind="stable")]
    )
    return CoarseScores(
        task=above.name,
        n_images=len(rows),
        accuracy=float(right.mean()),
        majority=metrics.majority_share(coarse),
        contradictions=contradictions,
    )
