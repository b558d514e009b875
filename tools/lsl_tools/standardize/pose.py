"""From a photograph to the standardized image: turned, cut to the embryo's box, scaled, the outside made white."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.scaling import scaled
from lsl_tools.standardize.segment.ellipse import Floats
from lsl_tools.standardize.segment.segmentation import Segmentation

__all__ = ["Pose", "pose_of", "reduced_points", "warp"]


@dataclass(frozen=True)
class Pose:
    """How a standardized image of `size` (H, W) lies in its photograph.

    `rotation` is the angle of the long axis in the photograph, degrees, -90 to 90, clockwise as seen. `box` is the
    rectangle around the embryo along its axes: centre x, centre y, length, width in the photograph's pixels. It is
    stretched to the whole image, each side on its own, then mirrored left-right (`flip_x`) and up-down (`flip_y`).
    """

    rotation: float
    box: tuple[float, float, float, float]
    size: tuple[int, int]
    flip_x: bool = False
    flip_y: bool = False

    @property
    def scale(self) -> tuple[float, float]:
        """Pixels of the standardized image for one of the photograph, along and across the embryo."""
        return self.size[1] / self.box[2], self.size[0] / self.box[3]

    def pixel_size(self, photograph: tuple[float, float]) -> tuple[float, float]:
        """Height and width of a pixel of the standardized image, from those of the photograph's pixels."""
        height, width = photograph
        cosine, sine = np.cos(np.radians(self.rotation)), np.sin(np.radians(self.rotation))
        along, across = np.hypot(cosine * width, sine * height), np.hypot(sine * width, cosine * height)
        return float(across / self.scale[1]), float(along / self.scale[0])

    @property
    def matrix(self) -> Floats:
        """(2, 3): leads from the photograph's pixels (x, y) to those of the standardized image."""
        height, width = self.size
        x, y, _, _ = self.box
        turn = np.radians(self.rotation)
        unturned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        mirror = np.array([-1.0 if self.flip_x else 1.0, -1.0 if self.flip_y else 1.0])
        linear = np.diag(mirror * self.scale) @ unturned
        middle = np.array([(width - 1) / 2, (height - 1) / 2])
        return np.column_stack([linear, middle - linear @ np.array([x, y])])

    def turned(self, flip_x: bool, flip_y: bool) -> Pose:
        """The pose after mirroring the standardized image once more."""
        return replace(self, flip_x=self.flip_x != flip_x, flip_y=self.flip_y != flip_y)

    def reduced(self, by: int) -> Pose:
        """The pose in a photograph of which `by` × `by` pixels have become one."""
        x, y = reduced_points(np.array(self.box[:2]), by)
        return replace(self, box=(float(x), float(y), self.box[2] / by, self.box[3] / by))


def reduced_points(points: Floats, by: float) -> Floats:
    """Points (..., 2) of a photograph in the pixels of one of which `by` × `by` pixels have become one."""
    return (points + 0.5) / by - 0.5


def pose_of(found: Segmentation, photograph_size: tuple[int, int], size: tuple[int, int]) -> Pose:
    """The pose that makes a photograph of size (H, W) a standardized image of `size`, not yet mirrored.

    One that was standardized before stays as it is.
    """
    if found.standardized:
        height, width = photograph_size
        return Pose(0.0, ((width - 1) / 2, (height - 1) / 2, float(width), float(height)), size)
    turn = float(found.ellipse[4])
    axes = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    along = found.outline @ axes.T
    low, high = along.min(axis=0) - 0.5, along.max(axis=0) + 0.5
    x, y = (low + high) / 2 @ axes
    length, width_across = (high - low).tolist()
    return Pose(float(np.degrees(turn)), (float(x), float(y), length, width_across), size)


def warp(photograph: NDArray[np.uint8], pose: Pose, outline: Floats | None) -> NDArray[np.uint8]:
    """The standardized image uint8 (*pose.size, 3) of a photograph uint8 (H, W, 3); white outside `outline` (n, 2).

    The photograph is reduced by area first, so that nothing is aliased; at scale 1 without a turn, pixels are copied.
    """
    part, matrix = _reduced_part(photograph, pose)
    how = cv2.INTER_CUBIC if _is_finer(matrix) else cv2.INTER_LINEAR
    size = pose.size[::-1]
    image = cv2.warpAffine(part, matrix, size, flags=how, borderMode=cv2.BORDER_CONSTANT, borderValue=(255, 255, 255))
    if outline is not None:
        moved = outline @ pose.matrix[:, :2].T + pose.matrix[:, 2]
        inside = np.zeros(pose.size, np.uint8)
        cv2.fillPoly(inside, [np.round(moved * 16).astype(np.int32)], 1, shift=4)
        image[inside == 0] = 255
    return np.asarray(image, np.uint8)


def _reduced_part(photograph: NDArray[np.uint8], pose: Pose) -> tuple[NDArray[np.uint8], Floats]:
    """The part of the photograph that is needed, reduced where it is finer than the image, and its matrix."""
    height, width = photograph.shape[:2]
    back = cv2.invertAffineTransform(pose.matrix)
    corners = np.array([[0, 0], [pose.size[1], 0], [0, pose.size[0]], [pose.size[1], pose.size[0]]]) - 0.5
    reach = corners @ back[:, :2].T + back[:, 2]
    left, top = np.clip(np.floor(reach.min(axis=0)).astype(int) - 2, 0, [width - 1, height - 1])
    right, bottom = np.clip(np.ceil(reach.max(axis=0)).astype(int) + 3, 1, [width, height])
    part = photograph[top:bottom, left:right]
    shrink = min(1.0, 1.25 * max(pose.scale))
    matrix = pose.matrix.copy()
    matrix[:, 2] += matrix[:, :2] @ np.array([left, top])
    if shrink > 0.8:
        return part, matrix
    size = (max(1, round(part.shape[0] * shrink)), max(1, round(part.shape[1] * shrink)))
    ratio = np.array([part.shape[1] / size[1], part.shape[0] / size[0]])
    matrix[:, 2] += matrix[:, :2] @ ((ratio - 1) / 2)
    matrix[:, :2] *= ratio
    return scaled(part, size), matrix


def _is_finer(matrix: Floats) -> bool:
    """Whether the image has more pixels than what it is made from."""
    return bool(abs(np.linalg.det(matrix[:, :2])) > 1)
