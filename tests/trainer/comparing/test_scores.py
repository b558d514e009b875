from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from lsl_shared import LabelSpace
from lsl_trainer.comparing.outcomes import Outcome
from lsl_trainer.comparing.scores import row_differences, row_scores

STAGE = LabelSpace("stage", ("4", "5", "7"), "stage_range", (0, 0, 1))


def outcome(
    truth: Sequence[int],
    predicted: Sequence[int],
    row: str = "plain",
    seed: int = 0,
    groups: Sequence[int] | None = None,
) -> Outcome:
    n = len(truth)
    return Outcome(
        row, seed, "f", tuple(map(str, range(n))), tuple(groups or range(n)), tuple(truth), tuple(predicted), 9, 0, 2.0
    )


def test_scores_worked_by_hand() -> None:
    scores = row_scores(
        [outcome([0, 0, 0, 1, 2], [0, 0, 2, 0, 2]), outcome([0, 0, 0, 1, 2], [0, 0, 0, 1, 1], seed=1)], STAGE
    )
    assert scores.accuracy.values == (0.6, 0.8)
    assert scores.accuracy.mean == pytest.approx(0.7)
    assert scores.accuracy.deviation == pytest.approx(0.2 / np.sqrt(2))
    assert scores.average.values == pytest.approx([(2 / 3 + 0 + 1) / 3, (1 + 1 + 0) / 3])
    assert scores.within_one is not None
    assert scores.within_one.values == (0.8, 1.0), "4 for 7 is two classes away"
    assert scores.coarse_accuracy is not None
    assert scores.coarse_accuracy.values == (0.8, 0.8), "4 for 5 lies in the right range"
    assert scores.macro_f1.values[0] == pytest.approx((4 / 6 + 0 + 2 / 3) / 3)
    assert [spread and spread.mean for spread in scores.classes] == pytest.approx([5 / 6, 0.5, 0.5])
    assert scores.confusion == ((5, 0, 1), (1, 1, 0), (0, 1, 1))
    assert scores.seeds == (0, 1)


def test_a_class_that_is_never_tested_has_no_accuracy_and_one_seed_no_deviation() -> None:
    scores = row_scores([outcome([0, 2], [0, 1])], STAGE)
    assert scores.classes[1] is None
    assert scores.accuracy.deviation is None
    assert scores.average.mean == 0.5


def test_a_task_without_order_or_parent_has_neither_figure() -> None:
    scores = row_scores([outcome([0, 1], [0, 1])], LabelSpace("kind", ("oak", "beech")))
    assert scores.within_one is None
    assert scores.coarse_accuracy is None


def test_differences_pool_the_seeds_and_know_their_genes() -> None:
    """Method b is wrong on one gene alone, in both seeds: drawing genes anew, that is no sure difference."""
    truth, groups = [0] * 12, [0] * 4 + list(range(1, 9))
    rows = [
        [outcome(truth, [0] * 12, "a", seed, groups) for seed in (0, 1)],
        [outcome(truth, [1] * 4 + [0] * 8, "b", seed, groups) for seed in (0, 1)],
    ]
    (pair,) = row_differences(rows, 0)
    assert pair.difference == pytest.approx(1 / 3)
    assert pair.low == 0
    assert pair.p > 0.05
    alone = [[outcome(truth, row[0].predicted, row[0].row, seed) for seed in (0, 1)] for row in rows]
    assert row_differences(alone, 0)[0].p < 0.05, "12 genes of one image each"
