"""Coarse tasks and what their labels allow, against sets in plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from lsl_shared.coarse import CoarseTask, allowed_sets, contradictions, implied_coarse
from lsl_shared.errors import LabelError
from lsl_shared.fly import STAGES, stage_range_space, stage_space
from lsl_shared.labels import LabelSpace

FISH = {"1-3": (), "4-5": ("4", "5"), "6-7": ("6", "7"), "8-9": ("8", "9"), "10-": STAGES[6:]}
BDGP_TASK = CoarseTask.of_parent(stage_space(), stage_range_space())
FISH_TASK = CoarseTask.of_names("fish_range", FISH, stage_space())


def plain_sets(bdgp: int, fish: int) -> tuple[set[int], bool]:
    """The stages that both labels allow, and whether having none is possible: by the numbers in the ranges' names."""
    allowed, none = set(range(14)), True
    for label, names in ((bdgp, stage_range_space().classes), (fish, tuple(FISH))):
        if label >= 0:
            first, _, last = names[label].partition("-")
            children = {k for k in range(14) if int(first) <= k + 4 <= int(last or 17)}
            allowed, none = allowed & children, none and not children
    return allowed, none


def test_an_image_may_have_what_all_its_labels_allow() -> None:
    labels = np.array([(a, b) for a in range(-1, 6) for b in range(-1, 5)])
    found = allowed_sets([(BDGP_TASK, labels[:, 0]), (FISH_TASK, labels[:, 1])], 14, len(labels))
    for row, pair in enumerate(labels.tolist()):
        allowed, none = plain_sets(*pair)
        assert set(np.flatnonzero(found.classes[row]).tolist()) == allowed
        assert found.outside[row] == (none and not allowed)
        assert found.contradictory[row] == (not allowed and not none)
    assert found.of_image[0] == -1 and (found.of_image[1:] >= 0).all()
    assert len(np.unique(found.sets, axis=0)) == len(found.sets)


def test_the_sets_of_one_coarse_task_are_its_classes_in_order() -> None:
    found = allowed_sets([(BDGP_TASK, np.array([3, -1, 0], np.int16))], 14, 3)
    assert found.of_image.tolist() == [3, -1, 0]
    np.testing.assert_array_equal(found.sets[:, :-1], BDGP_TASK.matrix(14))
    assert found.sets[:, -1].tolist() == [True, False, False, False, False, False]
    assert allowed_sets([], 14, 3).classes.all() and not allowed_sets([], 14, 3).outside.any()


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
