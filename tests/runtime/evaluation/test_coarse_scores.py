from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from lsl_runtime.evaluation.coarse_scores import score_coarse
from lsl_shared import CoarseTask, Store, Task

TASK = Task("stage", ("4", "5", "7"), parent="range", parent_classes=("1-3", "4-6", "7-8"), parent_index=(1, 1, 2))


def test_worked_by_hand(make_store: Callable[..., Path]) -> None:
    probabilities = np.full((20, 3), np.nan)
    probabilities[[2, 3, 5, 6]] = [[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.5, 0.4, 0.1], [0.2, 0.1, 0.7]]
    known = np.full(20, -1)
    known[[2, 3, 5, 6]] = [1, 2, 2, 2]
    with Store(make_store(20)) as store:
        found = score_coarse(store, TASK, TASK.coarse_tasks[0], np.array([2, 3, 5, 6]), known, probabilities)
    assert found is not None
    assert (found.task, found.n_images, found.accuracy, found.majority) == ("range", 4, 0.5, 0.75)
    assert [(one.id, one.gene, one.coarse, one.predicted, one.probability) for one in found.contradictions] == [
        ("image00003", "gene001", "7-8", "5", 0.8), ("image00005", "gene001", "7-8", "4", 0.5),
    ]  # fmt: skip


def test_no_coarse_label_is_no_score(make_store: Callable[..., Path]) -> None:
    with Store(make_store(20)) as store:
        assert (
            score_coarse(store, TASK, TASK.coarse_tasks[0], np.array([], int), np.full(20, -1), np.ones((20, 3)))
            is None
        )


def test_classes_that_overlap_allow_any_of_their_own(make_store: Callable[..., Path]) -> None:
    hours = CoarseTask("hours", ("0-2", "2-4"), ((0, 1), (1, 2)))
    probabilities = np.array([[0.6, 0.3, 0.1], [0.1, 0.8, 0.1], [0.1, 0.8, 0.1], [0.5, 0.4, 0.1]])
    with Store(make_store(20)) as store:
        found = score_coarse(store, TASK, hours, np.arange(4), np.array([0, 0, 1, 1]), probabilities)
    assert found is not None
    assert (found.task, found.accuracy) == ("hours", 0.75)
    assert [(one.coarse, one.predicted) for one in found.contradictions] == [("2-4", "4")]
