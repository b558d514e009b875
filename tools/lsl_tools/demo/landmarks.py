"""What defines a stage: the pixels that change as the embryo passes through it, everything else held still."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.demo.photograph import Photograph
from lsl_tools.demo.pose import FloatArray
from lsl_tools.demo.render import luminance
from lsl_tools.demo.stages import FIRST_TIME, LAST_TIME

__all__ = ["DELTA", "FLOOR", "SHARE", "landmark_change", "landmarks"]

DELTA: Final = 0.3
FLOOR: Final = 0.012
SHARE: Final = 0.3


def landmark_change(time: float, photograph: Photograph) -> FloatArray:
    """|render(t + δ) − render(t − δ)| float32 (128, 320), 0..1, δ = 0.3 stages, without stain, all nuisances fixed.

    At the two ends of developmental time the interval is shortened to what exists.
    """
    after = luminance(min(time + DELTA, LAST_TIME), photograph)
    before = luminance(max(time - DELTA, FIRST_TIME), photograph)
    return np.abs(np.asarray(cv2.GaussianBlur(after - before, (0, 0), 1.0)))


def landmarks(time: float, photograph: Photograph) -> NDArray[np.uint8]:
    """1 where the embryo changes clearly around `time`, else 0; uint8 (128, 320).

    Clearly means by more than 0.3 of the map's 99.5th percentile, so that a faint photograph has landmarks too, and by
    more than 1.2 % of white.
    """
    change = landmark_change(time, photograph)
    threshold = max(FLOOR, SHARE * float(np.percentile(change[::2, ::2], 99.5)))
    return (change > threshold).astype(np.uint8)
