from __future__ import annotations

import numpy as np

from lsl_tools.demo.pose import Pose, contour, dorsal_angle, draw_pose


def test_contour_runs_anterior_ventral_posterior_dorsal() -> None:
    points = contour(np.array([0.0, 0.25, 0.5, 0.75], np.float32))
    np.testing.assert_allclose(points[:, 0], [0.0, 0.5, 1.0, 0.5], atol=1e-6)
    assert points[1, 1] == 1.0 and points[3, 1] == -1.0


def test_dorsal_angle_is_the_inverse_of_the_contour() -> None:
    for x in (0.1, 0.36, 0.5, 0.9):
        point = contour(np.array([dorsal_angle(x)], np.float32))[0]
        assert abs(point[0] - x) < 1e-5 and point[1] == -1.0


def test_every_pose_fills_the_frame() -> None:
    ring = contour(np.linspace(0, 1, 64, endpoint=False, dtype=np.float32))
    for seed in range(20):
        pose = draw_pose(np.random.default_rng(seed))
        placed = Pose(**{**vars(pose), "wobble": 0.0}).place(ring)
        np.testing.assert_allclose(placed.min(axis=0), [3, 3], atol=0.01)
        np.testing.assert_allclose(placed.max(axis=0), [317, 125], atol=0.01)


def test_anterior_is_left_and_dorsal_up() -> None:
    placed = Pose().place(contour(np.array([0.0, 0.5, 0.75, 0.25], np.float32)))
    assert placed[0, 0] < placed[1, 0]
    assert placed[2, 1] < placed[3, 1]
