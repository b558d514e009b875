from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from lsl_shared import ConfigError, Timetable
from lsl_shared.fly_timetable import FLY_TIMETABLE, default_timetable
from lsl_shared.timetable import plain_order


def test_the_flys_stages_follow_each_other_for_a_day() -> None:
    assert (FLY_TIMETABLE.begin[0], FLY_TIMETABLE.end[-1], len(FLY_TIMETABLE.classes)) == (0, 24 * 60, 17)
    assert all(end == begin for end, begin in zip(FLY_TIMETABLE.end[:-1], FLY_TIMETABLE.begin[1:], strict=True))
    assert all(a < b for a, b in pairwise(FLY_TIMETABLE.begin))
    nine = FLY_TIMETABLE.of(["9"])
    assert (nine.begin, nine.end) == ((220.0,), (260.0,))


def test_a_range_lasts_from_its_first_stage_to_its_last() -> None:
    table = FLY_TIMETABLE.of(["1-3", "4-6"])
    assert (table.begin, table.end) == ((0.0, 80.0), (80.0, 180.0))


def test_places_become_ages_and_ages_places() -> None:
    table = Timetable(("a", "b"), (10.0, 40.0), (20.0, 80.0), "h")  # nobody knows what is between 20 and 40
    places = np.array([0, 0.5, 1.5, 2.0, np.nan])
    np.testing.assert_allclose(table.ages(places), [10, 15, 60, 80, np.nan])
    np.testing.assert_allclose(table.positions(table.ages(places)), places)
    np.testing.assert_allclose(table.positions(np.array([-5.0, 30.0, 99.0])), [0, 1, 2])


def test_without_a_timetable_classes_are_counted() -> None:
    nine = plain_order(["8", "9"]).ages(np.array([1.5]))
    named = plain_order(["young", "old"]).ages(np.array([1.5]))
    assert (nine.item(), named.item()) == (9.5, 2.5)


def test_only_the_flys_own_tasks_take_its_timetable() -> None:
    assert default_timetable("stage", ["9", "10"]) == FLY_TIMETABLE.of(["9", "10"])
    counted = default_timetable("hamburger", ["9", "10"])
    assert counted is not None and counted.unit == "classes"
    assert default_timetable("species", ["oak", "birch"]) is None


@pytest.mark.parametrize(
    ("begin", "end", "told"),
    [((0.0, 5.0), (6.0, 9.0), "before"), ((0.0, 5.0), (5.0, 5.0), "must last"), ((0.0, 5.0), (5.0, np.nan), "must")],
)
def test_times_out_of_order_are_refused(begin: tuple[float, ...], end: tuple[float, ...], told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        Timetable(("a", "b"), begin, end)


def test_a_class_without_times_is_named() -> None:
    with pytest.raises(ConfigError, match="lacks the class 18"):
        FLY_TIMETABLE.of(["17", "18"])
