from __future__ import annotations

import cv2
import numpy as np

from lsl_tools.standardize.segment.support import USUAL, SupportMaps, structure
from lsl_tools.standardize.segment.tissue import Tissue


def a_tissue() -> Tissue:
    mask = np.zeros((200, 300), np.uint8)
    cv2.ellipse(mask, (150, 100), (90, 40), 30, 0, 360, 1, -1)
    photograph = np.repeat((220 - 60 * mask.astype(np.float32))[..., None], 3, axis=2)
    return Tissue(photograph, mask)


TRUE = np.array([150, 100, 90, 40, np.radians(30)])


def test_the_true_ellipse_scores_best() -> None:
    maps = SupportMaps(a_tissue())
    others = TRUE + np.array(
        [[15, 0, 0, 0, 0], [0, -12, 0, 0, 0], [0, 0, 20, 0, 0], [0, 0, -20, 0, 0], [0, 0, 0, 12, 0], [0, 0, 0, 0, 0.4]]
    )
    scores = maps.score_each(np.vstack([TRUE, others]), 64)
    assert scores[0] > 1.2
    assert (scores[1:] < scores[0] - 0.2).all()


def test_shapes_at_places_score_as_whole_ellipses() -> None:
    maps = SupportMaps(a_tissue())
    shapes, which = np.array([[90, 40, 0.5], [70, 30, -0.4]]), np.array([0, 1, 1, 0])
    places = np.array([[150.0, 100], [120, 90], [40, 30], [40, 30]])
    table = maps.score(shapes, which, places, 24)
    each = maps.score_each(np.column_stack([places, shapes[which]]).reshape(2, 2, 5), 24)
    np.testing.assert_array_equal(table, each.ravel())


def test_an_ellipse_holds_where_its_four_ends_lie_in_tissue() -> None:
    maps = SupportMaps(a_tissue())
    shapes = np.array([TRUE[2:], [*TRUE[2:4], TRUE[4] + np.pi / 2]])
    places = np.array([TRUE[:2], TRUE[:2], TRUE[:2] + np.array([0, 25]), [-300, 900]])
    assert maps.hold(shapes, np.array([0, 1, 0, 0]), places).tolist() == [True, False, False, False]


def test_ellipses_far_outside_are_scored_and_bad() -> None:
    maps = SupportMaps(a_tissue())
    far = np.array([[-500.0, 1000.0, 90.0, 40.0, 0.0], [0.0, 0.0, 90.0, 40.0, 0.0]])
    assert (maps.score_each(far, 32) < 0).all()


def test_the_structure_tensor_is_the_squared_slope() -> None:
    y, x = np.mgrid[:40, :60].astype(np.float32)
    plane = np.stack([3 * x + 2 * y, -x, 0 * x + 5], axis=2)
    tensor, usual = structure(plane, np.ones((40, 60)))
    np.testing.assert_allclose([side[20, 30] for side in tensor], [3 * 3 + 1, 3 * 2, 2 * 2], rtol=1e-4)
    np.testing.assert_allclose(usual, USUAL * np.sqrt(14), rtol=1e-4)
