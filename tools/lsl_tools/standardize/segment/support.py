"""How well the picture supports that an outline runs through a pixel in a given direction."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.segment.ellipse import Floats
from lsl_tools.standardize.segment.tissue import Tissue, disc

__all__ = ["DIRECTIONS", "SupportMaps", "structure"]

DIRECTIONS: Final = 16
REDUCED: Final = 0.5  # scale of the maps to the tissue's
ACROSS: Final = 2.5  # pixels to either side of an outline where tissue and ground are compared
RING: Final = 0.8  # of the outline's distance from the centre, where tissue must lie
SLACK: Final = 2  # pixels that embryos deviate from ellipses
INNER_EDGE: Final = 0.75  # worth of an edge inside tissue against one between tissue and ground
USUAL: Final = 1.5  # times the median slope inside tissue is half an edge
OUTSIDE: Final = -0.5  # support beyond the frame: a whole embryo lies inside
EIGHTHS: Final = 8
CORE: Final = 0.7  # of the half axes, where tissue must lie at once

COLOURS: Final = np.ones((1, 3), np.float32)  # sums them

MOST_AT_ONCE: Final = 1 << 14  # points that OpenCV looks up along one axis

FloatArray = NDArray[np.float32]
Short = NDArray[np.int16]


class SupportMaps:
    """Support of outlines by direction of their outward normal, -0.5 … 1, on a grid of half the tissue's pixels.

    An outline is supported where tissue meets ground, tissue inside; where embryos overlap, by an edge within the
    tissue. Ellipses may reach past the frame, which speaks against them.
    """

    def __init__(self, tissue: Tissue) -> None:
        size = tuple(max(1, round(side * REDUCED)) for side in reversed(tissue.mask.shape))
        mask = cv2.resize(tissue.mask.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        plane = cv2.GaussianBlur(cv2.resize(tissue.photograph, size, interpolation=cv2.INTER_AREA), (0, 0), 0.8)
        self._width, self._height = size[0] + 2, size[1] + 2  # a frame of one pixel stands for all that lies outside
        self._tissue = np.pad(mask, 1)
        self._maps = np.full((DIRECTIONS, self._height, self._width), OUTSIDE, np.float32)
        _draw_maps(self._maps[:, 1:-1, 1:-1], plane, mask)

    def hold(self, shapes: Floats, which: NDArray[np.intp], places: Floats) -> NDArray[np.bool_]:
        """Whether tissue lies at the four ends of the axes of ellipses, at `CORE` of their lengths: (N,).

        Shape `which` (N,) of `shapes` (S, 3), half axes and angle, lies at `places` (N, 2).
        """
        centres = _grid(places.T)
        columns, rows = (_grid(CORE * np.concatenate([ends, -ends])) for ends in _ends(shapes))
        return np.asarray(self._sampled(columns, rows, which, centres).min(axis=0) > 0.5)

    def score(self, shapes: Floats, which: NDArray[np.intp], places: Floats, count: int) -> Floats:
        """How well ellipses fit, about -1 … 1.5: (N,), for shape `which` (N,) of `shapes` (S, 3) at `places` (N, 2).

        Half axes and angle; pixels of the tissue's grid; `count` points along an outline, a multiple of 8. The score is
        the mean support along the outline, and half that of its two worst eighths again, since the main embryo is
        whole; less for what is no tissue inside.
        """
        x, y, direction, shares = _rims(shapes, count)
        centres, shares = _grid(places.T), shares.take(which, axis=1)
        eighths = self._sampled(x, y, which, centres, direction) * shares
        eighths = eighths.reshape(EIGHTHS, -1, len(places)).sum(axis=1)
        parts = shares.reshape(EIGHTHS, -1, len(places)).sum(axis=1)
        hollow = 1 - self._filled(shapes, which, centres, count // 2)
        return np.asarray(eighths.sum(axis=0) + _two_least(eighths / parts) / 4 - 2 * hollow, np.float64)

    def score_each(self, ellipses: Floats, count: int) -> Floats:
        """`score` of ellipses (..., 5) that have a shape each: (...)."""
        flat = ellipses.reshape(-1, 5)
        return self.score(flat[:, 2:], np.arange(len(flat)), flat[:, :2], count).reshape(ellipses.shape[:-1])

    def _filled(self, shapes: Floats, which: NDArray[np.intp], centres: Any, count: int) -> FloatArray:
        """The share of tissue on the ring inside, (N,)."""
        around = _around(count)
        ends_x, ends_y = _ends(shapes)
        x, y = (np.cos(around) * ends[0] + np.sin(around) * ends[1] for ends in (ends_x, ends_y))
        return np.asarray(self._sampled(_grid(RING * x), _grid(RING * y), which, centres).mean(axis=0))

    def _sampled(
        self, x: Short, y: Short, which: NDArray[np.intp], centres: Short, direction: Short | None = None
    ) -> FloatArray:
        """The maps, or the tissue, at points `x`, `y` (P, S) of shape `which` (N,) around `centres` (2, N): (P, N).

        In the maps' pixels; `direction` (P, S) says of which map.
        """
        plane = self._tissue if direction is None else self._maps.reshape(-1, self._width)
        points = np.empty((len(x), len(which), 2), np.int16)
        for axis, (side, most) in enumerate(((x, self._width), (y, self._height))):
            place = side.take(which, axis=1)
            place += centres[axis] + np.int16(1)
            np.minimum(place, np.int16(most - 1), out=place)
            np.maximum(place, np.int16(0), out=points[..., axis])
        if direction is not None:
            points[..., 1] += (direction * np.int16(self._height)).take(which, axis=1)
        none: Any = None  # both coordinates are in `points`
        starts = range(0, len(which), MOST_AT_ONCE)
        parts = [cv2.remap(plane, points[:, at : at + MOST_AT_ONCE], none, cv2.INTER_NEAREST) for at in starts]
        return np.asarray(np.concatenate(parts, axis=1), np.float32)


def _grid(pixels: Any) -> Short:
    """The nearest pixels of the maps to lengths in the tissue's pixels."""
    return np.asarray(np.rint(pixels * REDUCED), np.int16)


@cache
def _around(count: int) -> Floats:
    """`count` angles (count, 1) all around, none of them on an axis."""
    return (np.linspace(0, 2 * np.pi, count, endpoint=False) + np.pi / count)[:, None]


def _ends(shapes: Floats) -> tuple[Floats, Floats]:
    """x and y (2, S) of where the two axes of ellipses (S, 3) end."""
    along, across, angle = shapes.T
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([along * cos, -across * sin]), np.stack([along * sin, across * cos])


def _rims(shapes: Floats, count: int) -> tuple[Any, Any, Any, FloatArray]:
    """Of ellipses (S, 3) around their centres, (count, S) each: x, y, direction of the normal, share."""
    around = _around(count)
    along, across, angle = shapes.T
    u, v = along * np.sin(around), across * np.cos(around)
    direction = np.rint((np.arctan2(u, v) + angle) * (DIRECTIONS / (2 * np.pi))).astype(np.int16) % DIRECTIONS
    weights = np.sqrt(u * u + v * v)
    x, y = (np.cos(around) * ends[0] + np.sin(around) * ends[1] for ends in _ends(shapes))
    return _grid(x), _grid(y), direction, (weights / weights.sum(axis=0)).astype(np.float32)


def _two_least(values: FloatArray) -> FloatArray:
    """The sum of the two least along the first axis."""
    least, second = np.minimum(values[0], values[1]), np.maximum(values[0], values[1])
    for value in values[2:]:
        second = np.minimum(second, np.maximum(least, value))
        least = np.minimum(least, value)
    return np.asarray(least + second, np.float32)


def structure(plane: FloatArray, inside: NDArray[Any]) -> tuple[tuple[FloatArray, FloatArray, FloatArray], float]:
    """How steep a photograph float32 (H, W, 3) is in any direction, and how steep it usually is `inside` (H, W).

    The structure tensor, three planes float32 (H, W): sums over the colours of x·x, x·y and y·y of the slopes (Di
    Zenzo), so that cos² · xx + 2 cos sin · xy + sin² · yy is the squared slope in a direction.
    """
    along = cv2.Sobel(plane, cv2.CV_32F, 1, 0, scale=1 / 8)
    across = cv2.Sobel(plane, cv2.CV_32F, 0, 1, scale=1 / 8)
    products = ((along, along), (along, across), (across, across))
    xx, xy, yy = (np.asarray(cv2.transform(cv2.multiply(u, v), COLOURS), np.float32) for u, v in products)
    steep = (xx[::2, ::2] + yy[::2, ::2])[np.asarray(inside[::2, ::2], bool)]
    usual = float(np.sqrt(np.median(steep))) if steep.size else 0.0
    return (xx, xy, yy), max(USUAL * usual, 1.0)


def _draw_maps(maps: FloatArray, plane: Any, mask: Any) -> None:
    """Fills `maps` (DIRECTIONS, H, W) with the support in each direction."""
    (xx, xy, yy), usual = structure(plane, cv2.erode(mask, disc(3)) > 0.5)
    soft, near, both = cv2.GaussianBlur(mask, (0, 0), 1.0), disc(SLACK), xx + yy
    for place in range(DIRECTIONS // 2):
        angle = 2 * np.pi * place / DIRECTIONS
        cos, sin = float(np.cos(angle)), float(np.sin(angle))
        through = np.float32(cos * cos) * xx + np.float32(2 * cos * sin) * xy + np.float32(sin * sin) * yy
        beside = cv2.sqrt(np.maximum(both - through, 0))
        edge = np.maximum(cv2.sqrt(np.maximum(through, 0)) - np.float32(0.5) * beside, 0)
        edge *= np.float32(INNER_EDGE) / (edge + np.float32(usual))
        ahead, behind = _shifted(soft, ACROSS * cos, ACROSS * sin), _shifted(soft, -ACROSS * cos, -ACROSS * sin)
        for direction, inner, outer in ((place, behind, ahead), (place + DIRECTIONS // 2, ahead, behind)):
            maps[direction] = cv2.dilate(cv2.max(inner - outer, edge * inner), near)


def _shifted(plane: Any, x: float, y: float) -> Any:
    """The plane as seen `x`, `y` pixels away."""
    step = np.array([[1, 0, x], [0, 1, y]], np.float32)
    how = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return cv2.warpAffine(plane, step, plane.shape[::-1], flags=how, borderMode=cv2.BORDER_REPLICATE)
