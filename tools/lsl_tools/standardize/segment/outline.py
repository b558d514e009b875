"""The embryo's outline: the best supported closed path near an ellipse, by dynamic programming."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.segment.closed_path import closed_paths
from lsl_tools.standardize.segment.ellipse import Floats, ellipse_of, points_and_normals, polygon_mask
from lsl_tools.standardize.segment.support import structure
from lsl_tools.standardize.segment.tissue import Tissue, disc

__all__ = ["PLAIN", "Edges", "Outline", "sketch_outlines", "trace_outline"]

POINTS: Final = 128
COARSER: Final = 2  # of a sketch, times as far from point to point, and from step to step
REACH: Final = 0.6  # of the half width, how far the outline may lie from the ellipse
BEND: Final = 0.1  # cost of a step of one pixel between neighbouring points
DISTANCE: Final = 0.1  # cost of the farthest outline against one on the ellipse
HOLLOW: Final = 0.5  # cost of a pixel of ground inside the outline
LEFT_OUT: Final = 0.05  # cost of a pixel of tissue outside it where no neighbour lies
HALO: Final = 3  # pixels of light around the embryo that cost nothing
PLAIN: Final = 0.7
"""Support by the border of the tissue where it is no edge in the light."""
SIDE: Final = 3  # pixels to either side where tissue and ground are compared
ROUNDS: Final = 3
MOST_HOLLOW, MOST_LEFT_OUT = 8, 10  # pixels that count
TOO_FAR: Final = 100.0
SETTLED: Final = 0.4  # pixels that the ellipse may still move


FloatArray = NDArray[np.float32]


@dataclass(frozen=True)
class Outline:
    """`points` (n, 2) in the tissue's pixels, clockwise as seen.

    `support` (n,) in 0..1 says how clear the outline is at each, and `free` bool (n,) where ground lies outside.
    """

    points: Floats
    support: Floats
    free: NDArray[np.bool_]

    @property
    def weakest(self) -> float:
        """The least support over an eighth of the points on end; where ground lies outside, all is clear."""
        eighth, clear = max(1, len(self.support) // 8), np.where(self.free, 1.0, self.support)
        total = np.cumsum(np.concatenate([[0.0], clear, clear[:eighth]]))
        return float((total[eighth:] - total[:-eighth]).min() / eighth)


class Edges:
    """What outlines are traced by, made once for a photograph: `tissue`, its mask uint8 (H, W), and edges in it."""

    def __init__(self, tissue: Tissue) -> None:
        self.tissue = tissue.mask
        self._tensor, self._usual = structure(tissue.photograph, cv2.erode(tissue.mask, disc(5)) > 0)
        self._soft = cv2.GaussianBlur(tissue.mask.astype(np.float32), (0, 0), 0.7)

    def inside(self, rays: FloatArray) -> FloatArray:
        """How far points (P, D, 2) lie in tissue, (P, D) in 0..1."""
        return _sampled(self._soft, rays)

    def across(self, rays: FloatArray, normals: Floats) -> FloatArray:
        """How clear an edge across the normals (P, 2) is at points (P, D, 2), (P, D) in 0..1."""
        xx, xy, yy = (_sampled(plane, rays) for plane in self._tensor)
        x, y = normals.astype(np.float32).T[..., None]
        steep = np.sqrt(np.maximum(x * x * xx + 2 * x * y * xy + y * y * yy, 0))
        return np.asarray(steep / (steep + np.float32(self._usual)))


def sketch_outlines(edges: Edges, ellipses: Floats) -> list[Outline]:
    """The outlines of the embryos that may lie at `ellipses` (K, 5), in coarse steps: good for comparing them."""
    return _traced(edges, ellipses, POINTS // COARSER, COARSER)


def trace_outline(edges: Edges, ellipse: Floats) -> Outline:
    """The outline of the embryo at `ellipse` (5,).

    Where ground lies outside it follows the border of the tissue, where a neighbour lies it follows the edge between
    them. Traced again and again, each time near the ellipse of what was found before.
    """
    shape = (edges.tissue.shape[0], edges.tissue.shape[1])
    for _ in range(ROUNDS):
        outline, before = _traced(edges, ellipse[None], POINTS, 1)[0], ellipse
        ellipse = ellipse_of(polygon_mask(outline.points, shape))
        if not ellipse[3] or np.abs(ellipse[:4] - before[:4]).max() < SETTLED:
            break
    return outline


def _traced(edges: Edges, ellipses: Floats, count: int, stride: int) -> list[Outline]:
    """Outlines of `count` points, each at steps of `stride` pixels from its ellipse."""
    reaches = np.maximum(2, np.rint(REACH / stride * ellipses[:, 3])).astype(int)
    most = int(reaches.max())
    steps = np.arange(-most, most + 1)
    both = np.stack([points_and_normals(ellipse, count) for ellipse in ellipses], axis=1)  # (2, K, count, 2)
    points, normals = both.reshape(2, -1, 2)
    rays = (points[:, None] + stride * steps[None, :, None] * normals[:, None]).astype(np.float32)  # (K · count, D, 2)
    band = _Band(edges.inside(rays), steps, np.repeat(reaches, count)[:, None], stride)
    clear = edges.across(rays, normals) * band.inner
    support = np.maximum(band.border * (PLAIN + (1 - PLAIN) * clear), clear)
    cost = (1 - support + band.cost).reshape(len(ellipses), count, -1)
    columns = closed_paths(cost, BEND * stride**2).ravel()
    rows = np.arange(len(columns))
    found = points + stride * steps[columns][:, None] * normals
    parts = (found, support[rows, columns], band.border[rows, columns] > 0.5)
    split = (part.reshape(len(ellipses), count, *part.shape[1:]) for part in parts)
    return [Outline(*one) for one in zip(*split, strict=True)]


class _Band:
    """The tissue along rays (P, D): `inner`, how much lies inside of each point, `border` and `cost`, all (P, D).

    A ray is as long as the longest; what lies beyond its own `reach` (P, 1), in steps, costs too much to go there.
    """

    def __init__(self, inside: FloatArray, steps: NDArray[np.int64], reach: NDArray[np.int64], stride: int) -> None:
        side = max(1, round(SIDE / stride))
        self.inner, outer = np.roll(inside, side, axis=1), np.roll(inside, -side, axis=1)
        self.inner[:, :side], outer[:, -side:] = 1, inside[:, -1:]
        self.border = np.clip(self.inner - outer, 0, 1)
        near = np.abs(steps) <= reach
        ground, tissue = stride * (1 - inside), stride * inside
        hollow = np.minimum(np.cumsum(ground * near, axis=1) - ground, MOST_HOLLOW)
        beyond = np.cumsum((tissue * near)[:, ::-1], axis=1)[:, ::-1] - tissue
        ends = (steps > reach - side) & near  # tissue there is a neighbour's
        alone = np.max(inside * ends, axis=1, keepdims=True) < 0.1
        left_out = np.clip(beyond - HALO, 0, MOST_LEFT_OUT) * alone
        far = np.float32(DISTANCE) * np.square((steps / reach).astype(np.float32))
        self.cost = np.where(near, HOLLOW * hollow + LEFT_OUT * left_out + far, np.float32(TOO_FAR))


def _sampled(plane: Any, rays: FloatArray) -> FloatArray:
    none: Any = None  # both coordinates are in `rays`
    return np.asarray(
        cv2.remap(plane, rays, none, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT, borderValue=0), np.float32
    )
