"""The labels of training images as intervals of time."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.linear_problem import LinearProblem
from lsl_trainer.learning.time_head import IntervalLabels

__all__ = ["has_time", "interval_labels"]

_FEWEST = 3


def has_time(data: TrainingData) -> bool:
    """Whether the first task has a head for time: at least three classes, in order."""
    return bool(data.first) and is_ordered(data.fine_space.classes) and len(data.fine_space) >= _FEWEST


def interval_labels(problem: LinearProblem, data: TrainingData, folds: NDArray[np.int64]) -> IntervalLabels:
    """What the labels of `data.learnt_rows` leave; `folds` (n,) say when each of these images is left out.

    `problem` is theirs; it may go on with further views.
    """
    groups = np.full(len(folds), -1)
    groups[np.searchsorted(data.learnt_rows, data.fine.rows)] = data.fine.groups
    allowed = problem.allowed[: len(folds), : data.fine_outputs].numpy()
    return IntervalLabels(allowed, problem.labels[: len(folds)].numpy() >= 0, groups, folds)
