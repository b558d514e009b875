from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from lsl_runtime.evaluation.levels import score_levels
from lsl_shared import Task

TASK = Task("stage", ("4", "5", "7", "9"), parent="range", parent_classes=("a", "b"), parent_index=(0, 0, 1, 1),
            conformal_threshold=0.5)  # fmt: skip


def test_worked_by_hand() -> None:
    """Five images of three genes: 4 sure and right, 9 sure and wrong, a sure and right, 5 or 7, and nothing left."""
    sets = np.array([[1, 0, 0, 0], [0, 0, 0, 1], [1, 1, 0, 0], [0, 1, 1, 0], [1, 0, 0, 0]], dtype=bool)
    allowed = np.ones((5, 4), dtype=bool)
    allowed[4] = [False, False, True, True]
    found = score_levels(TASK, sets, np.array([0, 2, 1, 3, 0]), np.array([1, 1, 2, 3, 3]), allowed, TASK.coarse_tasks)
    told = [(one.name, one.n_images, one.right) for one in found]
    assert told == [("stage", 2, 0.5), ("range", 1, 1.0), ("list", 1, 0.0), ("none", 1, None)]
    assert (found[0].low, found[0].high, found[3].low) == (0.5, 0.5, None)  # one gene


def test_the_interval_is_over_genes() -> None:
    """20 genes of 10 images, each wholly right or wholly wrong, half of them: as wide as of 20 images."""
    right = np.repeat(np.arange(20) % 2, 10)
    sets = np.eye(4, dtype=bool)[np.zeros(200, int)]
    (fine, *_) = score_levels(TASK, sets, np.where(right, 0, 1), np.repeat(np.arange(20), 10), None, ())
    assert (
        fine.right == 0.5 and fine.low == pytest.approx(0.3, abs=0.051) and fine.high == pytest.approx(0.7, abs=0.051)
    )


def test_a_model_that_promises_nothing_is_not_scored() -> None:
    sets = np.eye(4, dtype=bool)
    assert score_levels(Task("stage", TASK.classes), sets, np.arange(4), np.arange(4), None, ()) == ()


def test_many_genes_take_little_memory() -> None:
    count = 100_000
    sets = np.eye(4, dtype=bool)[np.zeros(count, int)]
    tracemalloc.start()
    (fine, *_) = score_levels(TASK, sets, np.zeros(count, int), np.arange(count), None, ())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (fine.low, fine.high) == (1.0, 1.0) and peak < 50e6
