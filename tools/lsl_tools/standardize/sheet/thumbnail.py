"""Small pictures for people: a photograph with the embryo's outline and long axis, and what was made of it."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.photograph import Standardized
from lsl_tools.standardize.pose import Pose
from lsl_tools.standardize.scaling import scaled

__all__ = ["THUMBNAIL", "draw_outline", "fitted", "jpeg", "photograph_thumbnail"]

THUMBNAIL: Final = (190, 260)
"""(H, W) that a photograph's thumbnail fits into."""
OUTLINE, AXIS = (220, 30, 30), (20, 140, 20)
QUALITY: Final = 88


def photograph_thumbnail(photograph: NDArray[np.uint8], result: Standardized) -> bytes:
    """A JPEG of a photograph uint8 (H, W, 3), reduced or not, with outline and axis, small enough for `THUMBNAIL`."""
    small, _ = fitted(photograph, THUMBNAIL)
    scale = max(small.shape) / max(result.photograph_size)
    if result.found is not None and result.pose is not None:
        draw_outline(small, result.found.outline * scale, result.pose, scale)
    return jpeg(small)


def fitted(picture: NDArray[np.uint8], room: tuple[int, int]) -> tuple[NDArray[np.uint8], float]:
    """A picture scaled to fit into `room` (H, W), and its scale."""
    scale = min(room[0] / picture.shape[0], room[1] / picture.shape[1])
    size = (max(1, round(picture.shape[0] * scale)), max(1, round(picture.shape[1] * scale)))
    return scaled(picture, size), scale


def draw_outline(picture: NDArray[np.uint8], outline: NDArray[Any], pose: Pose, scale: float) -> None:
    """Draws the outline (n, 2), in the picture's pixels, and the axis of `pose`, times `scale`, into the picture."""
    _draw(picture, outline, closed=True, colour=OUTLINE)
    turn, middle = np.radians(pose.rotation), np.array(pose.box[:2])
    reach = np.array([np.cos(turn), np.sin(turn)]) * pose.box[2] * 0.56
    _draw(picture, np.stack([middle - reach, middle + reach]) * scale, closed=False, colour=AXIS)


def jpeg(picture: NDArray[np.uint8]) -> bytes:
    """A picture uint8 (H, W, 3), RGB, as the bytes of a JPEG file."""
    encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1]
    return encoded.tobytes()


def _draw(picture: NDArray[np.uint8], points: NDArray[Any], *, closed: bool, colour: tuple[int, int, int]) -> None:
    drawn = [np.round(points * 16).astype(np.int32)]
    cv2.polylines(picture, drawn, closed, colour, 1, cv2.LINE_AA, shift=4)
