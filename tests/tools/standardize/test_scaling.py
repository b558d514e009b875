from __future__ import annotations

import cv2
import numpy as np
import pytest

from lsl_tools.standardize.scaling import scaled


@pytest.mark.parametrize("size", [(25, 40), (31, 47), (50, 80), (99, 161)])
def test_halving_first_gives_the_same_picture(size: tuple[int, int]) -> None:
    smooth = cv2.GaussianBlur(np.random.default_rng(0).random((201, 321, 3)), (0, 0), 6)
    picture = np.clip((smooth - 0.5) * 1500 + 128, 0, 255).astype(np.uint8)
    at_once = cv2.resize(picture, size[::-1], interpolation=cv2.INTER_AREA)
    assert np.abs(scaled(picture, size).astype(int) - at_once).mean() < 3


def test_the_mean_is_kept_exactly_where_it_halves() -> None:
    picture = np.random.default_rng(1).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    by_hand = picture.reshape(4, 2, 4, 2, 3).mean(axis=(1, 3))
    assert np.abs(scaled(picture, (4, 4)) - by_hand).max() <= 0.5


def test_enlarging_and_leaving_alone() -> None:
    picture = np.full((5, 7, 3), 99, np.uint8)
    assert (scaled(picture, (10, 14)) == 99).all()
    np.testing.assert_array_equal(scaled(picture, (5, 7)), picture)
