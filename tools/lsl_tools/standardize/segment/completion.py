"""What an outline near an ellipse leaves out of a bent embryo: tissue that can belong to no other embryo."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.segment.ellipse import ellipse_of, overlap, points_and_normals, polygon_mask
from lsl_tools.standardize.segment.search import PROPORTIONS
from lsl_tools.standardize.segment.tissue import disc

__all__ = ["completed"]

SLIVER: Final = 4  # half width of what is too thin to be a part of an embryo
LEAST: Final = 0.02  # of the embryo; smaller pieces are left alone
PART: Final = 0.5  # of the embryo; a larger piece may be an embryo itself
FIT: Final = 0.82  # overlap with an ellipse by which a larger piece and the outline are one embryo


def completed(mask: NDArray[np.uint8], tissue: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The embryo's mask with the pieces of the tissue, both uint8 (H, W), that belong to it.

    A neighbour that is hidden in part still shows the larger part of itself, or is cut by the frame. So a small piece
    beside the embryo, away from the frame, is its own; a large one is, if both together have an embryo's shape.
    """
    taken = np.asarray(cv2.dilate(mask, disc(1)), bool)
    rest = cv2.morphologyEx(np.where(taken, np.uint8(0), tissue), cv2.MORPH_OPEN, disc(SLIVER))
    count, pieces, boxes, _ = cv2.connectedComponentsWithStats(np.asarray(rest, np.uint8))
    near = np.asarray(cv2.dilate(mask, disc(SLIVER + 2)), np.uint8)
    area, whole = int(mask.sum()), mask
    for piece in range(1, count):
        shape = np.asarray(pieces == piece, np.uint8)
        if _at_frame(boxes[piece], mask.shape) or boxes[piece][4] < LEAST * area or not (shape & near).any():
            continue
        joined = _joined(whole, shape)
        if boxes[piece][4] < PART * area or _like_an_embryo(joined):
            whole = joined
    return whole


def _at_frame(box: Any, shape: tuple[int, ...]) -> bool:
    x, y, width, height = (int(side) for side in box[:4])
    return x <= 1 or y <= 1 or x + width >= shape[1] - 1 or y + height >= shape[0] - 1


def _joined(mask: NDArray[np.uint8], piece: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Both, with the seam between them closed; the largest part where they still lie apart."""
    closed = np.asarray(cv2.morphologyEx(mask | piece, cv2.MORPH_CLOSE, disc(SLIVER + 1)), np.uint8)
    contours, _ = cv2.findContours(closed, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = np.zeros_like(mask)
    cv2.drawContours(filled, [max(contours, key=cv2.contourArea)], -1, 1, cv2.FILLED)
    return filled


def _like_an_embryo(mask: NDArray[np.uint8]) -> bool:
    ellipse = ellipse_of(mask)
    if not PROPORTIONS[0] <= ellipse[2] / max(ellipse[3], 1e-9) <= PROPORTIONS[1]:
        return False
    return overlap(mask, polygon_mask(points_and_normals(ellipse, 96)[0], (mask.shape[0], mask.shape[1]))) >= FIT
