from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_trainer.comparing.paired import differences, holm


def test_holm_of_a_worked_example() -> None:
    """Four p values; the third smallest, 0.03 · 2, gives way to the second, 0.02 · 3, and so does the largest."""
    np.testing.assert_allclose(holm(np.array([0.03, 0.005, 0.04, 0.02])), [0.06, 0.02, 0.06, 0.06])
    assert holm(np.array([0.4, 0.9])).tolist() == [0.8, 0.9]
    assert holm(np.array([0.9, 0.8])).tolist() == [1, 1]
    assert holm(np.array([])).tolist() == []


def right(shares: list[float], n: int, seed: int = 0) -> NDArray[np.bool_]:
    return np.random.default_rng(seed).random((n, len(shares))) < shares


def test_a_clear_difference_is_found_and_none_is_not() -> None:
    pairs = differences(["a", "b", "c"], right([0.9, 0.6, 0.6], 300), np.arange(300) // 3, np.random.default_rng(0))
    assert [(pair.first, pair.second) for pair in pairs] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert pairs[0].p_holm < 0.01
    assert pairs[0].difference == pytest.approx(0.3, abs=0.1)
    assert 0 < pairs[0].low < pairs[0].difference < pairs[0].high
    assert pairs[2].p_holm > 0.05
    assert pairs[2].low < 0 < pairs[2].high


def test_equal_answers_do_not_differ() -> None:
    same = np.repeat(right([0.7], 50), 2, axis=1)
    (pair,) = differences(["a", "b"], same, np.arange(50), np.random.default_rng(0))
    assert (pair.difference, pair.low, pair.high, pair.p, pair.p_holm) == (0, 0, 0, 1, 1)


def test_under_no_difference_p_is_about_uniform() -> None:
    drawn = [
        differences(["a", "b"], right([0.7, 0.7], 90, seed), np.arange(90) // 3, np.random.default_rng(seed))[0].p
        for seed in range(60)
    ]
    assert np.mean(np.array(drawn) < 0.05) <= 0.13
    assert 0.35 < np.mean(drawn) < 0.65
