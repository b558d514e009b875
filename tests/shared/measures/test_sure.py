"""Which level of an answer a prediction set leaves no doubt about."""

from __future__ import annotations

import numpy as np
import pytest

from lsl_shared import CoarseTask, LabelSpace
from lsl_shared.measures.sure import _kinds, answer_names, level_names, sure_answers

STAGE = LabelSpace("stage", ("4", "5", "6", "7", "8", "9", "10"))
RANGE = CoarseTask.of_names("range", {"1-3": (), "4-6": ("4", "5", "6"), "7-10": ("7", "8", "9", "10")}, STAGE)
FISH = CoarseTask.of_names(
    "fish", {"4-5": ("4", "5"), "6-7": ("6", "7"), "8-10": ("8", "9", "10"), "any": STAGE.classes}, STAGE
)


def sets(*names: str) -> np.ndarray:
    """Rows of the classes that are named, with blanks between them."""
    return np.array([[one in row.split() for one in STAGE.classes] for row in names])


def told(found: object, coarse: tuple[CoarseTask, ...]) -> list[tuple[str, str]]:
    levels, answers = level_names("stage", coarse), (*answer_names(STAGE.classes, coarse), "")
    return [(levels[level], answers[answer]) for level, answer in zip(found.level, found.answer, strict=True)]  # type: ignore[attr-defined]


def test_one_class_then_a_coarse_class_then_a_list_then_nothing() -> None:
    found = sure_answers(sets("9", "8 10", "6 7", "4 5 6 7 8", "4 5 6 7 8 9"), (RANGE,))
    assert told(found, (RANGE,)) == [("stage", "9"), ("range", "7-10"), ("list", ""), ("list", ""), ("none", "")]


def test_the_smallest_coarse_class_of_several_tasks_holds_the_set_and_one_of_all_classes_says_nothing() -> None:
    found = sure_answers(sets("4 5", "6 7", "4 6", "7 8", "5 8"), (RANGE, FISH))
    expected = [("fish", "4-5"), ("fish", "6-7"), ("range", "4-6"), ("range", "7-10"), ("list", "")]
    assert told(found, (RANGE, FISH)) == expected


def test_known_labels_narrow_the_set_and_one_that_leaves_none_of_it_leaves_nothing_sure() -> None:
    found = sure_answers(sets("6 7", "6 7", "9"), (RANGE,), allowed=sets("4 5 6", "7 8 9 10", "4 5 6"))
    assert told(found, (RANGE,)) == [("stage", "6"), ("stage", "7"), ("none", "")]
    assert found.sets.sum(1).tolist() == [1, 1, 0]


def test_nothing_is_sure_without_a_promise() -> None:
    found = sure_answers(sets("9", "4 5"), (RANGE,), promised=False)
    assert told(found, (RANGE,)) == [("none", "")] * 2
    assert told(sure_answers(sets()[:0].reshape(0, 7), (RANGE,)), (RANGE,)) == []


@pytest.mark.parametrize("classes", [7, 8, 64, 65, 130])
def test_sets_of_many_classes_are_told_apart(classes: int) -> None:
    generator = np.random.default_rng(0)
    kinds = generator.random((6, classes)) < 0.5
    chosen = kinds[generator.integers(0, 6, 50)]
    first, kind = _kinds(chosen)
    np.testing.assert_array_equal(chosen[first][kind], chosen)
    assert len(first) == len(np.unique(chosen, axis=0))
