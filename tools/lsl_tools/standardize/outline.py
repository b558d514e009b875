"""The embryo's outline: the best supported closed path near an ellipse, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.ellipse import Floats, ellipse_of, points_and_normals, polygon_mask
from lsl_tools.standardize.support import structure
from lsl_tools.standardize.tissue import Tissue, disc

__all__ = ["Edges", "Outline", "trace_outline"]

POINTS: Final = 128
REACH: Final = 0.6  # of the half width, how far the outline may lie from the ellipse
BEND: Final = 0.1  # cost of a step of one pixel between neighbouring points
DISTANCE: Final = 0.1  # cost of the farthest outline against one on the ellipse
HOLLOW: Final = 0.5  # cost of a pixel of ground inside the outline
LEFT_OUT: Final = 0.05  # cost of a pixel of tissue outside it where no neighbour lies
HALO: Final = 3  # pixels of light around the embryo that cost nothing
PLAIN: Final = 0.7  # worth of the border of the tissue where it is no edge in the light
FARTHEST_STEP: Final = 2  # pixels between neighbouring points
SIDE: Final = 3  # pixels to either side where tissue and ground are compared
ROUNDS: Final = 3
SETTLED: Final = 0.2  # pixels that the ellipse may still move


@dataclass(frozen=True)
class Outline:
    """`points` (n, 2) in the tissue's pixels, clockwise as seen.

    `support` (n,) in 0..1 says how clear the outline is at each, and `free` bool (n,) where ground lies outside.
    """

    points: Floats
    support: Floats
    free: NDArray[np.bool_]


class Edges:
    """What outlines are traced by, made once for a photograph: `tissue`, its mask uint8 (H, W), and edges in it."""

    def __init__(self, tissue: Tissue) -> None:
        self.tissue = tissue.mask
        self._tensor, self._usual = structure(tissue.photograph, cv2.erode(tissue.mask, disc(5)))
        self._soft = cv2.GaussianBlur(tissue.mask.astype(np.float32), (0, 0), 0.7)

    def inside(self, rays: NDArray[np.float32]) -> Any:
        """How far points (P, D, 2) lie in tissue, (P, D) in 0..1."""
        return _sampled(self._soft, rays)

    def across(self, rays: NDArray[np.float32], normals: Floats) -> Any:
        """How clear an edge across the normals (P, 2) is at points (P, D, 2), (P, D) in 0..1."""
        xx, xy, yy = np.moveaxis(_sampled(self._tensor, rays), 2, 0)
        x, y = normals[:, :1], normals[:, 1:]
        steep = np.sqrt(np.maximum(x * x * xx + 2 * x * y * xy + y * y * yy, 0))
        return steep / (steep + self._usual)


def trace_outline(edges: Edges, ellipse: Floats) -> Outline:
    """The outline of the embryo at `ellipse` (5,).

    Where ground lies outside it follows the border of the tissue, where a neighbour lies it follows the edge between
    them. Traced again and again, each time near the ellipse of what was found before.
    """
    shape = (edges.tissue.shape[0], edges.tissue.shape[1])
    for _ in range(ROUNDS):
        outline, before = _traced(edges, ellipse), ellipse
        ellipse = ellipse_of(polygon_mask(outline.points, shape))
        if not ellipse[3] or np.abs(ellipse[:4] - before[:4]).max() < SETTLED:
            break
    return outline


def _traced(edges: Edges, ellipse: Floats) -> Outline:
    reach = max(4, round(REACH * ellipse[3]))
    away = np.arange(-reach, reach + 1)
    points, normals = points_and_normals(ellipse, POINTS)
    rays = (points[:, None] + away[None, :, None] * normals[:, None]).astype(np.float32)  # (POINTS, D, 2)
    inside = edges.inside(rays)
    inner, outer = np.roll(inside, SIDE, axis=1), np.roll(inside, -SIDE, axis=1)
    inner[:, :SIDE], outer[:, -SIDE:] = 1, inside[:, -1:]
    border = np.clip(inner - outer, 0, 1)
    clear = edges.across(rays, normals) * inner
    support = np.maximum(border * (PLAIN + (1 - PLAIN) * clear), clear)
    hollow = np.minimum(np.cumsum(1 - inside, axis=1) - (1 - inside), 8)
    beyond = np.cumsum(inside[:, ::-1], axis=1)[:, ::-1] - inside
    left_out = np.clip(beyond - HALO, 0, 10) * (inside[:, -SIDE:].max(axis=1, keepdims=True) < 0.1)
    cost = 1 - support + HOLLOW * hollow + LEFT_OUT * left_out + DISTANCE * (away / reach) ** 2
    path = closed_path(cost)
    place = np.arange(POINTS)
    return Outline(points + away[path][:, None] * normals, support[place, path], border[place, path] > 0.5)


def _sampled(plane: Any, rays: NDArray[np.float32]) -> Any:
    return cv2.remap(plane, rays[..., 0], rays[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0)


def closed_path(cost: Floats) -> NDArray[np.int64]:
    """The cheapest way (n,) through the columns of `cost` (n, D), from row to row and back to the first.

    Neighbouring rows differ by at most two columns, at `BEND` times the square of the difference. It is found over two
    turns, of which the middle one is kept: there the ends no longer matter.
    """
    count, width = cost.shape
    rows = np.concatenate([np.arange(count // 2, count), np.arange(count), np.arange(count // 2)])
    steps = np.arange(-FARTHEST_STEP, FARTHEST_STEP + 1)
    padded = np.full(width + 2 * FARTHEST_STEP, np.inf)
    choices = np.lib.stride_tricks.sliding_window_view(padded, width)  # (steps, D), a view
    bend = BEND * (steps**2)[:, None]
    taken = np.zeros((len(rows), width), np.int64)
    total, columns = cost[rows[0]], np.arange(width)
    for turn, row in enumerate(rows[1:], start=1):
        padded[FARTHEST_STEP:-FARTHEST_STEP] = total
        reached = choices + bend
        best = reached.argmin(axis=0)
        taken[turn] = steps[best]
        total = reached[best, columns] + cost[row]
    path = np.zeros(len(rows), np.int64)
    path[-1] = total.argmin()
    for turn in range(len(rows) - 1, 0, -1):
        path[turn - 1] = path[turn] + taken[turn, path[turn]]
    return path[count // 2 : count // 2 + count]
