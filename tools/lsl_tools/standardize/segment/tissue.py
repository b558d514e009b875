"""Where tissue lies in a photograph: what differs from the ground in colour or in texture, without holes and dust."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.segment.ground import WINDOW, model_ground, roughness

__all__ = ["WORKING_SIDE", "Tissue", "disc", "find_tissue"]

WORKING_SIDE: Final = 400
"""The longer side, in pixels, of the reduced photograph in which embryos are looked for; lengths below refer to it."""
SMOOTH: Final = 1.0
COLOUR_STEP: Final = 6.0  # times the ground's noise by which tissue differs in colour
TEXTURE_STEP: Final = 4.0  # times the ground's roughness by which unstained tissue, of the ground's colour, is rougher
LEAST_NOISE, LEAST_ROUGHNESS = 0.8, 0.35  # grey levels; compressed ground may show none
GAP: Final = 6  # half width of gaps that are closed
DUST: Final = 7  # half width of what is dust or hair

FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Tissue:
    """The smoothed photograph float32 (H, W, 3), and the tissue in it, uint8 (H, W), 0 or 1."""

    photograph: FloatArray
    mask: NDArray[np.uint8]


def find_tissue(reduced: NDArray[np.uint8]) -> Tissue:
    """Tissue in a reduced photograph uint8 (H, W, 3) whose longer side is about `WORKING_SIDE` pixels.

    An unstained embryo may have the ground's very colour; its rim and its grain tell it from the ground.
    """
    smooth = cv2.GaussianBlur(reduced, (0, 0), SMOOTH).astype(np.float32)
    rough = roughness(smooth)
    ground = model_ground(smooth, rough)
    most = tuple((COLOUR_STEP * np.maximum(ground.noise, LEAST_NOISE)).tolist())
    coloured = np.asarray(cv2.inRange(cv2.absdiff(smooth, ground.light), (-1.0, -1.0, -1.0), most)) == 0
    textured = (rough > TEXTURE_STEP * max(ground.roughness, LEAST_ROUGHNESS)).view(np.uint8)
    # Around tissue the window still sees its rim: that much is taken away again.
    grain = np.asarray(cv2.erode(textured, disc(WINDOW // 2 + 1), borderValue=1), np.uint8)
    return Tissue(smooth, _whole(coloured.view(np.uint8) | grain))


def disc(radius: int) -> NDArray[Any]:
    """A round structuring element."""
    return np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1)))


def _whole(mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Closed over gaps, filled, opened; a margin keeps the frame from counting as tissue."""
    margin = GAP + DUST + 1
    padded = cv2.copyMakeBorder(mask, margin, margin, margin, margin, cv2.BORDER_CONSTANT, value=0)
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, disc(GAP))
    outlines, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    cv2.drawContours(closed, outlines, -1, 1, cv2.FILLED)
    opened = cv2.morphologyEx(closed, cv2.MORPH_OPEN, disc(DUST))
    return np.ascontiguousarray(opened[margin:-margin, margin:-margin])
