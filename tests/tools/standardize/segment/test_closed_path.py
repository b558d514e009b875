from __future__ import annotations

import itertools

import numpy as np

from lsl_tools.standardize.segment.closed_path import closed_paths

BEND = 0.1


def brute_force(cost: np.ndarray) -> float:
    """The cost of the cheapest closed path, all of them tried."""
    paths = itertools.product(range(cost.shape[1]), repeat=len(cost))
    return min(total(cost, path) for path in paths if np.abs(np.diff([*path, path[0]])).max() <= 2)


def total(cost: np.ndarray, path: tuple[int, ...]) -> float:
    steps = np.diff([*path, path[0]])
    return float(cost[np.arange(len(cost)), list(path)].sum() + BEND * (steps**2).sum())


def test_the_closed_path_is_the_cheapest() -> None:
    cost = np.random.default_rng(0).random((10, 6, 4))
    paths = closed_paths(cost, BEND)
    assert paths.shape == (10, 6)
    found = [total(one, tuple(path)) for one, path in zip(cost, paths.tolist(), strict=True)]
    best = [brute_force(one) for one in cost]
    assert np.abs(np.subtract(found, best)).max() < 0.15  # the ends of one and a half turns may differ a little
    assert np.mean(np.isclose(found, best, atol=1e-5)) >= 0.8


def test_a_clear_valley_is_followed_exactly_beside_another_band() -> None:
    valley = np.array([3, 4, 5, 6, 5, 4, 3, 2, 2, 3])
    cost = np.ones((2, 10, 9))
    cost[0, np.arange(10), valley] = 0
    cost[1, :, 7] = 0
    assert closed_paths(cost, BEND).tolist() == [valley.tolist(), [7] * 10]
