from __future__ import annotations

import cv2
import numpy as np

from lsl_tools.demo.dataset import plan_images, render_plan
from lsl_tools.demo.genes import draw_gene
from lsl_tools.demo.landmarks import landmarks
from lsl_tools.demo.photograph import Photograph, draw_photograph
from lsl_tools.demo.render import luminance


def photograph(seed: int = 0) -> Photograph:
    return draw_photograph(draw_gene(0, np.random.default_rng(1)), np.random.default_rng(seed))


def test_landmarks_are_the_thresholded_difference_recomputed_by_hand() -> None:
    shot = photograph()
    difference = cv2.GaussianBlur(luminance(8.8, shot) - luminance(8.2, shot), (0, 0), 1.0)
    change = np.abs(difference)
    limit = max(0.012, 0.3 * float(np.percentile(change[::2, ::2], 99.5)))
    np.testing.assert_array_equal(landmarks(8.5, shot), change > limit)


def test_a_stored_image_carries_the_landmarks_of_its_own_photograph() -> None:
    plan = plan_images(3, seed=9)[2]
    shot = draw_photograph(plan.gene, np.random.default_rng([9, 2, plan.index]))
    np.testing.assert_array_equal(render_plan(plan, seed=9).landmarks, landmarks(plan.time, shot))


def test_landmarks_lie_where_the_stage_happens() -> None:
    shot = photograph(3)
    tip = landmarks(8.5, shot)
    assert tip[:70, 80:220].mean() > 3 * tip[70:, 220:].mean()
    opening = landmarks(14.0, shot)
    assert opening[:64].mean() > opening[64:].mean()


def test_every_stage_has_landmarks_and_none_is_covered_by_them() -> None:
    for time in np.arange(4.5, 18.0):
        assert 0.001 < landmarks(float(time), photograph(int(time))).mean() < 0.4
