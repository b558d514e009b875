from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.coarse import CoarseTask, contradictions, implied_coarse
from lsl_shared.errors import LabelError
from lsl_shared.fly import STAGES, stage_range_space, stage_space
from lsl_shared.labels import LabelSpace

FISH = {"1-3": (), "4-5": ("4", "5"), "6-7": ("6", "7"), "8-9": ("8", "9"), "10-": STAGES[6:]}
BDGP_TASK = CoarseTask.of_parent(stage_space(), stage_range_space())
FISH_TASK = CoarseTask.of_names("fish_range", FISH, stage_space())


def test_a_task_can_be_the_parent_where_each_fine_class_lies_in_one_class() -> None:
    assert BDGP_TASK.parent_index(14) == stage_space().parent_index
    assert FISH_TASK.parent_index(14) == (1, 1, 2, 2, 3, 3, 4, 4, 4, 4, 4, 4, 4, 4)
    late = CoarseTask.of_names("late", {"not before 8": STAGES[4:], "not before 10": STAGES[6:]}, stage_space())
    assert late.parent_index(14) == ()
    assert (BDGP_TASK.childless, late.childless, late.highest) == ((0,), (), 13)


def test_what_follows_from_a_fine_label_and_what_contradicts_it() -> None:
    overlapping = CoarseTask("hours", ("0-2", "2-4", "4-6"), ((0, 1), (1, 2), ()))
    fine = np.array([0, 1, 2, 3, -1])
    assert implied_coarse(overlapping, fine).tolist() == [0, -1, 1, -1, -1]
    rows = contradictions(overlapping, np.array([0, 1, 1, 2, 3, -1, 0]), np.array([0, 0, 2, 0, 1, 1, -1]))
    assert rows.tolist() == [2, 3, 4]


def test_orders_of_species_through_families() -> None:
    family = CoarseTask("family", ("oak", "palm", "moss"), ((0, 2), (1,), ()))
    order = CoarseTask("orders", ("seed", "spore", "alga"), ((0, 1), (2,), ()))
    assert order.above(family) == CoarseTask("orders", ("seed", "spore", "alga"), ((0, 1, 2), (), ()))


def test_over_other_fine_classes_by_name() -> None:
    over = FISH_TASK.over(STAGES, ("9", "5", "4"))
    assert over.allows == ((), (1, 2), (0, 1, 2), (0,), (0, 1, 2)), "what loses its whole set allows all"


@pytest.mark.parametrize(
    ("allows", "told"),
    [
        (((0,),), "2 classes but 1 sets"),
        (((1, 0), ()), "'a' allows .* ascending"),
        (((0, 0), ()), "ascending"),
        (((-1,), ()), "from 0"),
    ],
)
def test_malformed_sets_are_refused(allows: tuple[tuple[int, ...], ...], told: str) -> None:
    with pytest.raises(LabelError, match=told):
        CoarseTask("hours", ("a", "b"), allows)


def test_sets_must_fit_the_fine_task() -> None:
    with pytest.raises(LabelError, match="allows class 13 of 'stage', which has 2 classes"):
        FISH_TASK.check_fine(LabelSpace("stage", ("4", "5")))
    with pytest.raises(LabelError, match="above itself"):
        CoarseTask("stage", ("a",), ((0,),)).check_fine(stage_space())
    with pytest.raises(LabelError, match="no class '18'"):
        CoarseTask.of_names("fish", {"18-": ("18",)}, stage_space())
