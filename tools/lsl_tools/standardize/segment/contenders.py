"""The embryos that may be meant in a photograph, outlined and weighed against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.segment.completion import completed
from lsl_tools.standardize.segment.ellipse import (
    at_frame,
    ellipse_of,
    overlap,
    points_and_normals,
    polygon_mask,
)
from lsl_tools.standardize.segment.outline import PLAIN, Edges, Outline, sketch_outlines, trace_outline
from lsl_tools.standardize.segment.search import LENGTHS, PROPORTIONS, find_ellipses
from lsl_tools.standardize.segment.tissue import Tissue

__all__ = ["Contender", "find_contenders"]

LARGE: Final = 4.2  # worth of an embryo as large as the square of the photograph's longer side: parts are smaller
ON_TOP: Final = 1.2  # worth of a clear outline where neighbours touch: the upper one of two shows its rim
CUT: Final = 3.2  # against an embryo whose whole outline runs along the frame
UNLIKE: Final = 1.0  # against what is too round or too long for an embryo
NEAR_FRAME: Final = 3.0  # pixels
SHARED: Final = 0.4  # of the smaller embryo, from which two are the same
ALONE: Final = 0.97  # of all tissue, of an embryo that lies alone
ELLIPTIC: Final = 0.93  # overlap with an ellipse by which a piece of tissue is one embryo
USUAL: Final = (1.8, 2.9)  # length to width of most embryos
SMOOTHED: Final = 7  # points of a contour that are averaged
ADDED: Final = 5.0  # pixels from the outline before, beyond which a point belongs to what was added


@dataclass(frozen=True)
class Contender:
    """An embryo by its mask uint8 (H, W) and outline, in the tissue's pixels; `worth` is for comparing only."""

    mask: NDArray[np.uint8]
    outline: Outline
    worth: float


def find_contenders(tissue: Tissue) -> list[Contender]:
    """The embryos in the tissue that are clear enough to be meant, the likeliest first; often it is one.

    The first is outlined with care, the others are sketches. A lone embryo needs no search.
    """
    alone = _alone(tissue.mask)
    if alone is not None:
        whole = _finished(Edges(tissue), alone, 1.0)
        return [whole] if whole is not None else []
    ellipses, scores = find_ellipses(tissue)
    if not len(ellipses):
        return []
    edges, found = Edges(tissue), list[Contender]()
    sketches = [_sketched(*one, tissue) for one in zip(sketch_outlines(edges, ellipses), scores, strict=True)]
    for sketch in sorted(sketches, key=lambda sketch: -sketch.worth):
        if not any(_same(sketch, other) for other in found) and sketch.mask.any():
            found.append(sketch)
    return [_finished(edges, found[0].mask, found[0].worth) or found[0], *found[1:]] if found else []


def _alone(tissue: NDArray[np.uint8]) -> NDArray[np.uint8] | None:
    """The mask of an embryo that lies whole and alone, by its shape, in the tissue's mask; None where others may lie.

    Two embryos that overlap look like one only where they hide each other all but wholly.
    """
    _, pieces, boxes, _ = cv2.connectedComponentsWithStats(tissue)
    areas = boxes[1:, cv2.CC_STAT_AREA]
    if not len(areas) or areas.max() < ALONE * areas.sum():
        return None
    mask = np.asarray(pieces == 1 + int(areas.argmax()), np.uint8)
    ellipse, shape = ellipse_of(mask), (mask.shape[0], mask.shape[1])
    points, _ = points_and_normals(ellipse, 96)
    proper = USUAL[0] * ellipse[3] <= ellipse[2] <= USUAL[1] * ellipse[3]
    large = 2 * ellipse[2] >= LENGTHS[0] * max(shape)
    if not (proper and large) or at_frame(points, shape, NEAR_FRAME).any():
        return None
    return mask if overlap(mask, polygon_mask(points, shape)) >= ELLIPTIC else None


def _sketched(outline: Outline, score: float, tissue: Tissue) -> Contender:
    mask = polygon_mask(outline.points, (tissue.mask.shape[0], tissue.mask.shape[1]))
    touching = outline.support[~outline.free]
    clear = float(touching.mean()) if touching.size else 1.0
    size = float(np.sqrt(cv2.countNonZero(mask))) / max(mask.shape)
    framed = float(at_frame(outline.points, mask.shape, NEAR_FRAME).mean())
    _, _, along, across, _ = ellipse_of(mask)
    unlike = not PROPORTIONS[0] * across <= along <= PROPORTIONS[1] * across
    return Contender(mask, outline, score + LARGE * size + ON_TOP * clear - CUT * framed - UNLIKE * unlike)


def _same(one: Contender, other: Contender) -> bool:
    smaller = min(cv2.countNonZero(one.mask), cv2.countNonZero(other.mask))
    return cv2.countNonZero(one.mask & other.mask) >= SHARED * smaller


def _finished(edges: Edges, sketch: NDArray[np.uint8], worth: float) -> Contender | None:
    """The embryo near the mask of a sketch, outlined with care; None where nothing is left."""
    outline = trace_outline(edges, ellipse_of(sketch))
    mask = polygon_mask(outline.points, (sketch.shape[0], sketch.shape[1]))
    if not mask.any():
        return None
    whole = completed(mask, edges.tissue)
    return Contender(whole, outline if whole is mask else _around(whole, outline), worth)


def _around(mask: NDArray[np.uint8], outline: Outline) -> Outline:
    """The outline of a completed mask, smoothed; each point as clear as the nearest of the outline before.

    Where none was near, the added tissue ends at the ground.
    """
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.asarray(max(contours, key=cv2.contourArea), np.float64).reshape(-1, 2)
    window = np.ones(SMOOTHED) / SMOOTHED
    wrapped = np.concatenate([points[-(SMOOTHED // 2) :], points, points[: SMOOTHED // 2]])
    smooth = np.stack([np.convolve(side, window, "valid") for side in wrapped.T], axis=1)
    away = np.linalg.norm(smooth[:, None] - outline.points, axis=2)
    nearest, added = away.argmin(axis=1), away.min(axis=1) > ADDED
    return Outline(smooth, np.where(added, PLAIN, outline.support[nearest]), outline.free[nearest] | added)
