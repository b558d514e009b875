from __future__ import annotations

import cv2
import numpy as np

from lsl_tools.standardize.segment.completion import completed
from lsl_tools.standardize.segment.ellipse import overlap


def ellipse(middle: tuple[int, int], axes: tuple[int, int], angle: float = 0) -> np.ndarray:
    mask = np.zeros((240, 360), np.uint8)
    cv2.ellipse(mask, middle, axes, angle, 0, 360, 1, -1)
    return mask


def test_the_end_of_a_bent_embryo_is_added() -> None:
    body, end = ellipse((140, 120), (80, 36)), ellipse((225, 140), (40, 26), 30)
    assert overlap(completed(body, body | end), body | end) > 0.95


def test_a_neighbour_as_large_is_not_added() -> None:
    body, neighbour = ellipse((110, 120), (80, 36)), ellipse((240, 150), (70, 33), 40)
    np.testing.assert_array_equal(completed(body, body | neighbour), body)


def test_what_the_frame_cuts_is_not_added() -> None:
    body, neighbour = ellipse((120, 60), (80, 36)), ellipse((150, 0), (40, 40))
    np.testing.assert_array_equal(completed(body, body | neighbour), body)


def test_a_far_speck_is_not_added() -> None:
    body, speck = ellipse((120, 60), (80, 36)), ellipse((300, 200), (15, 12))
    np.testing.assert_array_equal(completed(body, body | speck), body)


def test_a_part_taken_for_the_whole_grows() -> None:
    whole = ellipse((180, 120), (120, 52))
    part = whole.copy()
    part[:, 130:] = 0
    assert overlap(completed(part, whole), whole) > 0.97
