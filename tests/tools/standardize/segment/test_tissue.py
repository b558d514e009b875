from __future__ import annotations

import cv2
import numpy as np
import pytest

from lsl_tools.standardize.segment.ellipse import overlap
from lsl_tools.standardize.segment.tissue import find_tissue


def a_ground(level: int = 220) -> np.ndarray:
    noise = np.random.default_rng(0).normal(0, 1, (284, 400, 3))
    return np.clip(level + noise + np.linspace(-10, 10, 400)[None, :, None], 0, 255).astype(np.uint8)


def an_ellipse(middle: tuple[int, int] = (200, 140)) -> np.ndarray:
    mask = np.zeros((284, 400), np.uint8)
    cv2.ellipse(mask, middle, (120, 50), 25, 0, 360, 1, -1)
    return mask


def test_an_embryo_of_the_ground_s_own_colour_is_found_by_its_grain() -> None:
    picture, mask = a_ground().astype(float), an_ellipse()
    grain = cv2.GaussianBlur(np.random.default_rng(1).normal(0, 40, (284, 400)), (0, 0), 1.2)
    picture[mask > 0] += grain[mask > 0][:, None]
    tissue = find_tissue(np.clip(picture, 0, 255).astype(np.uint8))
    assert overlap(tissue.mask, mask) > 0.95
    assert tissue.mask.dtype == np.uint8
    assert tissue.photograph.shape == (284, 400, 3)


@pytest.mark.parametrize("shade", [-60, 25])
def test_a_smooth_embryo_darker_or_brighter_than_the_ground(shade: int) -> None:
    picture, mask = a_ground().astype(int), an_ellipse()
    picture[mask > 0] += shade
    assert overlap(find_tissue(np.clip(picture, 0, 255).astype(np.uint8)).mask, mask) > 0.95


def test_dust_and_hair_are_not_tissue() -> None:
    picture = a_ground()
    cv2.circle(picture, (60, 60), 4, (40, 40, 40), -1)
    cv2.line(picture, (300, 30), (390, 200), (60, 60, 60), 2)
    assert not find_tissue(picture).mask.any()


@pytest.mark.parametrize("level", [0, 130, 255])
def test_nothing_is_no_tissue(level: int) -> None:
    assert not find_tissue(np.full((284, 400, 3), level, np.uint8)).mask.any()
