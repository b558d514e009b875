from __future__ import annotations

import cv2
import numpy as np
import pytest

from lsl_tools.standardize.segment.ellipse import overlap, polygon_mask
from lsl_tools.standardize.segment.outline import Edges, Outline, sketch_outlines, trace_outline
from lsl_tools.standardize.segment.tissue import Tissue


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


def test_a_sketch_is_near_the_outline_and_does_not_depend_on_the_others() -> None:
    tissue, upper = two_touching()
    ellipses = np.array([[155.0, 112.0, 92.0, 45.0, 0.2], [230.0, 190.0, 95.0, 60.0, -0.5]])
    edges = Edges(tissue)
    first, second = sketch_outlines(edges, ellipses)
    assert overlap(polygon_mask(first.points, upper.shape), upper) > 0.93
    for outline, ellipse in ((first, ellipses[0]), (second, ellipses[1])):
        np.testing.assert_allclose(outline.points, sketch_outlines(edges, ellipse[None])[0].points, atol=1e-6)


def test_the_weakest_eighth_may_lie_across_the_ends() -> None:
    support = np.ones(64)
    support[[61, 62, 63, 0, 1, 2, 3, 4]] = 0.25
    points, free = np.zeros((64, 2)), np.zeros(64, bool)
    assert Outline(points, support, free).weakest == pytest.approx(0.25)
    assert Outline(points, support, ~free).weakest == 1
