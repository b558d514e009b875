"""How well predicted classes and probabilities agree with known classes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.coarse_labels import constrained
from lsl_runtime.evaluation.levels import LevelScore, score_levels
from lsl_shared.coarse import CoarseTask
from lsl_shared.files.manifest import Task
from lsl_shared.measures import metrics
from lsl_shared.measures.conformal import prediction_set

__all__ = ["ClassScore", "Scores", "score"]


@dataclass(frozen=True)
class ClassScore:
    """One class: how many images are of it, the share that was found, and what it is most often taken for."""

    name: str
    n_images: int
    accuracy: float | None
    """None where no image is of this class."""
    confused_with: str
    """'' where it was always found."""
    n_confused: int


@dataclass(frozen=True)
class Scores:
    """The figures of one task over images whose class is known. Shares are 0..1."""

    n_images: int
    n_genes: int
    accuracy: float
    majority: float
    """Accuracy of always answering the class that is most frequent among these images."""
    within_one: float | None
    """Share at most one class away; None where the classes have no order."""
    macro_f1: float
    parent_accuracy: float | None
    """Share whose predicted class lies in the same coarse class as the right one; None without a coarse task."""
    nll: float
    """Mean negative log-likelihood, nats."""
    brier: float
    """0..2"""
    ece: float
    """Expected calibration error over ten bins of equal mass."""
    coverage: float
    """Share of prediction sets that hold the right class."""
    mean_set_size: float
    """In classes."""
    confusion: tuple[tuple[int, ...], ...]
    """(K, K): rows are the right class, columns the predicted one."""
    classes: tuple[ClassScore, ...]
    constrained_accuracy: float | None = None
    """Of the classes that keep to known coarse labels (`lsl-annotate --constrain`); None where none are known."""
    constrained_within_one: float | None = None
    levels: tuple[LevelScore, ...] = ()
    """What is sure, with the known coarse labels; the finest level first. Empty where the model promises nothing."""


def score(
    task: Task,
    truth: NDArray[np.integer],
    probabilities: NDArray[np.floating],
    groups: NDArray[np.integer],
    allowed: NDArray[np.bool_] | None = None,
    coarse: Sequence[CoarseTask] | None = None,
) -> Scores:
    """Scores of N ≥ 1 images: `truth` int (N,), `probabilities` (N, K), `groups` int (N,), the gene of each.

    `allowed` bool (N, K), the classes that each image's coarse label leaves, adds the constrained figures.
    `coarse` are the coarse tasks that answers may be of, the task's own without it.
    """
    exact = probabilities.astype(np.float64)
    predicted = exact.argmax(1)
    sets = prediction_set(exact, task.conformal_threshold)
    counts = metrics.confusion(truth, predicted, len(task.classes))
    parent, ordered = np.array(task.parent_index), metrics.is_ordered(task.classes)
    kept = None if allowed is None else constrained(probabilities.astype(np.float32), allowed)[0].astype(np.int64)
    return Scores(
        n_images=len(truth),
        n_genes=len(np.unique(groups)),
        accuracy=metrics.accuracy(truth, predicted),
        majority=metrics.majority_share(truth),
        within_one=metrics.within(truth, predicted) if ordered else None,
        macro_f1=metrics.macro_f1(counts),
        parent_accuracy=metrics.accuracy(parent[truth], parent[predicted]) if task.parent else None,
        nll=metrics.nll(truth, exact),
        brier=metrics.brier(truth, exact),
        ece=metrics.expected_calibration_error(truth, exact),
        coverage=float(sets[np.arange(len(truth)), truth].mean()),
        mean_set_size=float(sets.sum(1).mean()),
        confusion=tuple(tuple(map(int, row)) for row in counts),
        classes=tuple(_class_score(task.classes, counts, k) for k in range(len(task.classes))),
        constrained_accuracy=None if kept is None else metrics.accuracy(truth, kept),
        constrained_within_one=metrics.within(truth, kept) if kept is not None and ordered else None,
        levels=score_levels(task, sets, truth, groups, allowed, task.coarse_tasks if coarse is None else coarse),
    )


def _class_score(names: tuple[str, ...], counts: NDArray[np.int64], k: int) -> ClassScore:
    total, others = int(counts[k].sum()), counts[k].copy()
    others[k] = 0
    worst = int(others.argmax())
    return ClassScore(
        name=names[k],
        n_images=total,
        accuracy=float(counts[k, k] / total) if total else None,
        confused_with=names[worst] if others[worst] else "",
        n_confused=int(others[worst]),
    )
