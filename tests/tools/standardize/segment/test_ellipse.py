from __future__ import annotations

import cv2
import numpy as np
import pytest

from lsl_tools.standardize.segment.ellipse import at_frame, ellipse_of, overlap, points_and_normals, polygon_mask


@pytest.mark.parametrize("degrees", [-80, -30, 0, 15, 60, 89])
def test_a_drawn_ellipse_is_measured(degrees: float) -> None:
    mask = np.zeros((200, 300), np.uint8)
    cv2.ellipse(mask, (150, 100), (80, 35), degrees, 0, 360, 1, -1)
    x, y, along, across, angle = ellipse_of(mask)
    assert (x, y) == pytest.approx((150, 100), abs=0.3)
    assert (along, across) == pytest.approx((80, 35), rel=0.02)
    assert (np.degrees(angle) - degrees + 90) % 180 - 90 == pytest.approx(0, abs=0.5)


def test_the_angle_is_that_of_the_published_pipeline() -> None:
    mask = np.random.default_rng(0).random((60, 90)) < 0.2
    rows, columns = np.nonzero(mask)
    cross = np.cov(columns, rows, bias=True)
    by_hand = 0.5 * np.arctan2(2 * cross[0, 1], cross[0, 0] - cross[1, 1])  # MATLAB's regionprops
    assert ellipse_of(mask)[4] == pytest.approx(by_hand, abs=1e-6)


def test_stretching_along_the_axes_keeps_them() -> None:
    mask = np.zeros((100, 200), np.uint8)
    cv2.fillPoly(mask, [np.array([[20, 50], [60, 20], [170, 40], [180, 60], [90, 85]], np.int32)], 1)
    straight = cv2.warpAffine(mask, cv2.getRotationMatrix2D((100, 50), np.degrees(ellipse_of(mask)[4]), 1), (200, 100))
    assert abs(np.degrees(ellipse_of(straight)[4])) < 0.3
    assert abs(np.degrees(ellipse_of(cv2.resize(straight, (320, 90)))[4])) < 0.3


def test_nothing_has_no_ellipse() -> None:
    assert not ellipse_of(np.zeros((5, 5))).any()


def test_points_lie_on_the_ellipse_at_equal_distances() -> None:
    ellipse = np.array([40.0, 30.0, 25.0, 9.0, 0.6])
    points, normals = points_and_normals(ellipse, 200)
    turn = np.array([[np.cos(0.6), np.sin(0.6)], [-np.sin(0.6), np.cos(0.6)]])
    u, v = ((points - [40, 30]) @ turn.T).T
    np.testing.assert_allclose((u / 25) ** 2 + (v / 9) ** 2, 1, atol=1e-9)
    steps = np.linalg.norm(np.diff(points, axis=0), axis=1)
    assert steps.max() / steps.min() < 1.02
    along = (np.roll(points, -1, axis=0) - np.roll(points, 1, axis=0)) * normals
    np.testing.assert_allclose(along.sum(axis=1), 0, atol=0.02)
    assert (((points - [40, 30]) * normals).sum(axis=1) > 0).all()


def test_overlap_by_hand() -> None:
    one, other = np.zeros((4, 4), bool), np.zeros((4, 4), bool)
    one[:2], other[1:3] = True, True
    assert overlap(one, other) == pytest.approx(4 / 12)
    assert overlap(np.zeros(3), np.zeros(3)) == 0


def test_a_polygon_by_its_area() -> None:
    mask = polygon_mask(np.array([[10.0, 10.0], [49.0, 10.0], [49.0, 29.0], [10.0, 29.0]]), (40, 60))
    assert mask.sum() == 40 * 20


def test_points_at_the_frame() -> None:
    points = np.array([[20.0, 15.0], [1.0, 15.0], [57.5, 15.0], [20.0, 37.5], [20.0, 2.0], [-5.0, 50.0]])
    assert at_frame(points, (40, 60), 2.0).tolist() == [False, True, True, True, False, True]
