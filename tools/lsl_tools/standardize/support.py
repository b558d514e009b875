"""How well the picture supports that an outline runs through a pixel in a given direction."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.ellipse import Floats
from lsl_tools.standardize.tissue import Tissue, disc

__all__ = ["DIRECTIONS", "SupportMaps", "structure"]

DIRECTIONS: Final = 16
REDUCED: Final = 0.5  # scale of the maps to the tissue's
ACROSS: Final = 2.5  # pixels to either side of an outline where tissue and ground are compared
RINGS: Final = (0.55, 0.8)  # of the outline's distance from the centre, where tissue must lie
SLACK: Final = 2  # pixels that embryos deviate from ellipses
INNER_EDGE: Final = 0.9  # worth of an edge inside tissue against one between tissue and ground
USUAL: Final = 1.5  # times the median slope inside tissue is half an edge
OUTSIDE: Final = -0.5  # support beyond the frame: a whole embryo lies inside

FloatArray = NDArray[np.float32]


class SupportMaps:
    """Support of outlines by direction of their outward normal, -0.5 … 1, on a grid of half the tissue's pixels.

    An outline is supported where tissue meets ground, tissue inside; where embryos overlap, by an edge within the
    tissue. Ellipses may reach past the frame, which speaks against them.
    """

    def __init__(self, tissue: Tissue) -> None:
        size = tuple(max(1, round(side * REDUCED)) for side in reversed(tissue.mask.shape))
        mask = cv2.resize(tissue.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        plane = cv2.GaussianBlur(cv2.resize(tissue.photograph, size, interpolation=cv2.INTER_AREA), (0, 0), 0.8)
        self._pad = max(size) // 2 + 8
        self._width = size[0] + 2 * self._pad
        self._height = size[1] + 2 * self._pad
        self._tissue = self._padded(mask, 0.0).ravel()
        self._maps = np.stack([self._padded(plane, OUTSIDE) for plane in _maps(plane, mask)]).ravel()

    def _padded(self, plane: Any, value: float) -> Any:
        pad = self._pad
        return cv2.copyMakeBorder(np.asarray(plane), pad, pad, pad, pad, cv2.BORDER_CONSTANT, value=(value,))

    def score(self, shapes: Floats, places: Floats, count: int) -> Floats:
        """How well ellipses fit, about -1 … 1.5: shapes (S, 3) of half axes and angle, each at all `places` (P, 2).

        Pixels of the tissue's grid; `count` points along an outline, a multiple of 8. Returns (S, P): the mean support
        along the outline, and half that of its two worst eighths again, since the main embryo is whole; less for what
        is no tissue inside.
        """
        x, y, direction, weights = _rims(shapes, count)  # (S, count)
        outline = self._offset(x, y) + direction * (self._width * self._height)
        base = self._offset(*(places.T + 0.0))[None, :, None] + self._origin
        inside = [self._tissue.take(self._offset(r * x, r * y)[:, None, ::2] + base) for r in RINGS]
        return _rated(self._maps.take(outline[:, None, :] + base), weights, inside)

    def score_each(self, ellipses: Floats, count: int) -> Floats:
        """`score` of whole ellipses (..., 5), each at its own place: (...)."""
        flat = ellipses.reshape(-1, 5)
        x, y, direction, weights = _rims(flat[:, 2:], count)
        x0, y0, plane = flat[:, 0:1], flat[:, 1:2], self._width * self._height
        outline = self._offset(x + x0, y + y0) + self._origin + direction * plane
        rings = [self._offset(r * x[:, ::2] + x0, r * y[:, ::2] + y0) + self._origin for r in RINGS]
        inside = [self._tissue.take(ring)[:, None] for ring in rings]
        return _rated(self._maps.take(outline)[:, None], weights, inside).reshape(ellipses.shape[:-1])

    @property
    def _origin(self) -> int:
        return int(self._pad * self._width + self._pad)

    def _offset(self, x: Any, y: Any) -> Any:
        """Places in the flat maps, from the origin, of points in the tissue's pixels; not beyond the padding."""
        limit = self._pad - 1
        column = np.clip(np.rint(x * REDUCED), -limit, self._width - self._pad - 1).astype(np.int64)
        row = np.clip(np.rint(y * REDUCED), -limit, self._height - self._pad - 1).astype(np.int64)
        return row * self._width + column


def _rims(shapes: Floats, count: int) -> tuple[Floats, Floats, NDArray[np.int64], FloatArray]:
    """Points of ellipses (S, count) around their centres, direction of the normals, and share of the outline."""
    around = np.linspace(0, 2 * np.pi, count, endpoint=False) + np.pi / count
    along, across, angle = shapes[:, :1], shapes[:, 1:2], shapes[:, 2:]
    cos, sin = np.cos(angle), np.sin(angle)
    u, v = along * np.cos(around), across * np.sin(around)
    normal = np.arctan2(along * np.sin(around), across * np.cos(around)) + angle
    direction = np.rint(normal / (2 * np.pi) * DIRECTIONS).astype(np.int64) % DIRECTIONS
    weights = np.hypot(along * np.sin(around), across * np.cos(around))
    shares = (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
    return cos * u - sin * v, sin * u + cos * v, direction, shares


def _rated(support: Any, weights: FloatArray, inside: list[Any]) -> Floats:
    """Scores (S, P) from support (S, P, count), shares of the outline (S, count) and tissue on the rings inside."""
    parts = weights.reshape(len(weights), 8, -1)
    eighths = np.einsum("spek,sek->spe", support.reshape(*support.shape[:2], 8, -1), parts)
    worst = np.partition(eighths / parts.sum(axis=2)[:, None], 1, axis=2)[:, :, :2].mean(axis=2)
    filled = sum(ring.mean(axis=2) for ring in inside) / len(inside)
    return np.asarray(eighths.sum(axis=2) + 0.5 * worst - 2 * (1 - filled), np.float64)


def structure(plane: FloatArray, inside: NDArray[Any]) -> tuple[FloatArray, float]:
    """How steep a photograph float32 (H, W, 3) is in any direction, and how steep it usually is `inside` (H, W).

    The structure tensor, float32 (H, W, 3): sums over the colours of x·x, x·y and y·y of the slopes (Di Zenzo), so that
    cos² · xx + 2 cos sin · xy + sin² · yy is the squared slope in a direction.
    """
    along = cv2.split(cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=1 / 8))
    across = cv2.split(cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=1 / 8))
    products = ((along, along), (along, across), (across, across))
    tensor = [u[0] * v[0] + u[1] * v[1] + u[2] * v[2] for u, v in products]
    steep = np.sqrt((tensor[0] + tensor[2])[np.asarray(inside, bool)])
    usual = float(np.median(steep)) if steep.size else 0.0
    return np.asarray(cv2.merge(tensor), np.float32), max(USUAL * usual, 1.0)


def _maps(plane: Any, mask: Any) -> list[FloatArray]:
    """Support in each direction, DIRECTIONS maps (H, W)."""
    tensor, usual = structure(plane, cv2.erode(mask, disc(3)) > 0.5)
    xx, xy, yy = cv2.split(tensor)
    soft = cv2.GaussianBlur(mask, (0, 0), 1.0)
    maps: list[Any] = [None] * DIRECTIONS
    for place in range(DIRECTIONS // 2):
        angle = 2 * np.pi * place / DIRECTIONS
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        through = np.float32(cos * cos) * xx + np.float32(2 * cos * sin) * xy + np.float32(sin * sin) * yy
        beside = np.maximum(xx + yy - through, 0)
        edge = np.maximum(cv2.sqrt(np.maximum(through, 0)) - np.float32(0.5) * cv2.sqrt(beside), 0)
        edge /= edge + np.float32(usual)
        ahead, behind = _shifted(soft, ACROSS * cos, ACROSS * sin), _shifted(soft, -ACROSS * cos, -ACROSS * sin)
        for direction, inner, outer in ((place, behind, ahead), (place + DIRECTIONS // 2, ahead, behind)):
            support = np.maximum(inner - outer, INNER_EDGE * edge * inner)
            maps[direction] = np.asarray(cv2.dilate(support, disc(SLACK)), np.float32)
    return maps


def _shifted(plane: Any, x: float, y: float) -> Any:
    """The plane as seen `x`, `y` pixels away."""
    step = np.array([[1, 0, x], [0, 1, y]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, step, plane.shape[::-1], flags=how, borderMode=cv2.BORDER_REPLICATE)
