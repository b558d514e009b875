"""What labels of several coarse tasks allow, against sets in plain Python."""

from __future__ import annotations

import numpy as np

from lsl_shared.allowed import allowed_sets, told_classes
from lsl_shared.coarse import CoarseTask
from lsl_shared.fly import STAGES, stage_range_space, stage_space

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


def test_known_classes_in_words() -> None:
    known = [(BDGP_TASK, np.array([1, 0, -1, -1])), (FISH_TASK, np.array([2, 0, 1, -1]))]
    assert [told_classes(known, row) for row in range(4)] == ["4-6 and 6-7", "1-3", "4-5", ""]
