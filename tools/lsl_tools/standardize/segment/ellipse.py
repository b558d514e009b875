"""Ellipses as rows of five numbers: centre x and y, half axes along and across (pixels), angle of the long axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "at_frame", "ellipse_of", "overlap", "points_and_normals", "polygon_mask"]

Floats = NDArray[np.float64]


def ellipse_of(mask: NDArray[Any]) -> Floats:
    """The ellipse (5,) with the moments up to second order of a mask (H, W); angle -pi/2 to pi/2, clockwise as seen.

    Moments, as the published pipeline takes them, and not a fit to the outline: stretching the standardized image
    along its axes then leaves the axes where they are. All zeros for an empty mask.
    """
    import cv2

    whole = np.asarray(mask, np.uint8)
    left, top, width, height = cv2.boundingRect(whole)
    if not width:
        return np.zeros(5)
    moments = cv2.moments(whole[top : top + height, left : left + width], True)
    cross = np.array([[moments["mu20"], moments["mu11"]], [moments["mu11"], moments["mu02"]]]) / moments["m00"]
    spreads, axes = np.linalg.eigh(cross)
    across, along = 2 * np.sqrt(np.maximum(spreads, 0))
    angle = np.arctan2(axes[1, 1], axes[0, 1])
    angle = (angle + np.pi / 2) % np.pi - np.pi / 2
    x, y = left + moments["m10"] / moments["m00"], top + moments["m01"] / moments["m00"]
    return np.array([x, y, along, across, angle])


def points_and_normals(ellipse: Floats, count: int) -> tuple[Floats, Floats]:
    """`count` points (count, 2) at equal distances along an ellipse, and their outward normals (count, 2)."""
    x, y, along, across, angle = ellipse
    fine = np.linspace(0, 2 * np.pi, 721)
    speed = np.hypot(along * np.sin(fine), across * np.cos(fine))
    way = np.concatenate([[0.0], np.cumsum((speed[1:] + speed[:-1]) / 2)])
    turn = np.interp(np.linspace(0, way[-1], count, endpoint=False), way, fine)
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    points = np.stack([along * np.cos(turn), across * np.sin(turn)], axis=1) @ axes + (x, y)
    normals = np.stack([across * np.cos(turn), along * np.sin(turn)], axis=1)
    return points, normals / np.linalg.norm(normals, axis=1, keepdims=True) @ axes


def polygon_mask(points: Floats, shape: tuple[int, int]) -> NDArray[np.uint8]:
    """The inside of a polygon (n, 2), to a sixteenth of a pixel: uint8 (H, W), 0 or 1."""
    import cv2

    mask = np.zeros(shape, np.uint8)
    cv2.fillPoly(mask, [np.round(points * 16).astype(np.int32)], 1, shift=4)
    return mask


def overlap(one: NDArray[Any], other: NDArray[Any]) -> float:
    """Intersection over union of two masks; 0 for two empty ones."""
    either = np.count_nonzero(np.logical_or(one, other))
    return float(np.count_nonzero(np.logical_and(one, other)) / either) if either else 0.0


def at_frame(points: Floats, shape: tuple[int, ...], within: float) -> NDArray[np.bool_]:
    """Which points (n, 2) lie less than `within` pixels from the frame of a picture of `shape` (H, W, …): (n,)."""
    x, y = points.T
    near = (x < within) | (y < within) | (x > shape[1] - 1 - within) | (y > shape[0] - 1 - within)
    return np.asarray(near, bool)
