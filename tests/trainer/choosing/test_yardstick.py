"""Marks of left-out labels, against a count by hand."""

from __future__ import annotations

import numpy as np

from lsl_trainer.choosing.yardstick import Marks, Yardstick

NAN = np.nan


def yardstick() -> Yardstick:
    """Six images of four classes, of two coarse ones; the last two have a coarse label alone, one of them childless."""
    fine, sets = np.array([0, 0, 1, 2, -1, -1]), np.array([0, 0, 0, 1, 1, -1])
    return Yardstick(fine, sets, np.array([[1, 1, 0, 0], [0, 0, 1, 1]], bool), groups=np.arange(6))


def test_a_class_that_was_not_shown_does_not_count() -> None:
    found = yardstick().marks(np.array([0, 2, 4, 5]), np.array([0, 0, 2, 3]))
    # Image 2 is the only one of class 1; images 4 and 5 have no fine label; 5 has no coarse one that can be answered.
    assert np.array_equal(found.fine, [1, NAN, NAN, NAN], equal_nan=True)
    assert np.array_equal(found.coarse, [1, 1, 1, NAN], equal_nan=True)
    assert found.score == 1.0


def test_the_score_is_the_mean_of_both_shares_where_both_are_known_well() -> None:
    fine, coarse = np.repeat([1.0, 0.0], [10, 30]), np.repeat([1.0, 0.0], [30, 10])
    assert Marks(fine, coarse).score == (10 / 40 + 30 / 40) / 2
    few = np.where(np.arange(40) < 5, fine, NAN)
    assert Marks(few, coarse).score == 30 / 40, "five fine labels do not tell"
    assert Marks(few, np.full(40, NAN)).score == 1.0, "unless nothing else does"


def test_better_by_chance_is_not_better() -> None:
    none = np.full(100, NAN)
    ten, eleven, twenty = (Marks((np.arange(100) < count).astype(float), none) for count in (10, 11, 20))
    assert twenty.surpasses(ten) and not ten.surpasses(twenty)
    assert not eleven.surpasses(eleven)
    worse_and_better = Marks((np.arange(100) >= 89).astype(float), none)  # 11 right, but others
    assert not worse_and_better.surpasses(ten)
