from __future__ import annotations

import itertools

import cv2
import numpy as np

from lsl_tools.standardize.ellipse import overlap, polygon_mask
from lsl_tools.standardize.outline import BEND, Edges, closed_path, trace_outline
from lsl_tools.standardize.tissue import Tissue


def brute_force(cost: np.ndarray) -> float:
    """The cost of the cheapest closed path, all of them tried."""
    count, width = cost.shape
    best = np.inf
    for path in itertools.product(range(width), repeat=count):
        steps = np.diff([*path, path[0]])
        if np.abs(steps).max() <= 2:
            best = min(best, cost[np.arange(count), path].sum() + BEND * (steps**2).sum())
    return best


def test_the_closed_path_is_the_cheapest() -> None:
    for seed in range(10):
        cost = np.random.default_rng(seed).random((6, 4))
        path = closed_path(cost)
        steps = np.diff([*path, path[0]])
        found = cost[np.arange(6), path].sum() + BEND * (steps**2).sum()
        assert found <= brute_force(cost) + 0.15  # two turns: the ends may differ a little


def test_a_clear_valley_is_followed_exactly() -> None:
    valley = np.array([3, 4, 5, 6, 5, 4, 3, 2, 2, 3])
    cost = np.ones((10, 9))
    cost[np.arange(10), valley] = 0
    assert closed_path(cost).tolist() == valley.tolist()


def two_touching(gap: int = 0) -> tuple[Tissue, np.ndarray]:
    """An embryo, grey, on top of a lighter one, and the mask of the upper one."""
    upper, lower = np.zeros((240, 360), np.uint8), np.zeros((240, 360), np.uint8)
    cv2.ellipse(upper, (150, 110), (100, 42), 10, 0, 360, 1, -1)
    cv2.ellipse(lower, (230, 190 + gap), (100, 42), -30, 0, 360, 1, -1)
    light = np.full((240, 360), 225, np.float32)
    light[lower > 0], light[upper > 0] = 190, 120
    return Tissue(np.repeat(cv2.GaussianBlur(light, (0, 0), 1)[..., None], 3, axis=2), upper | lower), upper


def test_the_outline_runs_between_touching_embryos() -> None:
    tissue, upper = two_touching()
    outline = trace_outline(Edges(tissue), np.array([155.0, 112.0, 92.0, 45.0, 0.2]))
    assert overlap(polygon_mask(outline.points, upper.shape), upper) > 0.96
    assert 0.5 < outline.free.mean() < 1
    assert outline.support.min() >= 0


def test_a_lonely_embryo_is_free_all_around() -> None:
    tissue, upper = two_touching()
    alone = Tissue(tissue.photograph, upper)
    outline = trace_outline(Edges(alone), np.array([150.0, 110.0, 95.0, 45.0, 0.15]))
    assert outline.free.all()
    assert overlap(polygon_mask(outline.points, upper.shape), upper) > 0.96
