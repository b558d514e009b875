"""The embryos that may be meant in a photograph, outlined and weighed against each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.standardize.completion import completed
from lsl_tools.standardize.ellipse import Floats, points_and_normals, polygon_mask
from lsl_tools.standardize.outline import Edges, Outline, trace_outline
from lsl_tools.standardize.search import find_ellipses
from lsl_tools.standardize.tissue import Tissue

__all__ = ["Contender", "find_contenders"]

LARGE: Final = 0.0025  # worth of a pixel of mean half width: of two whole embryos the larger one is meant
ON_TOP: Final = 1.5  # worth of a clear outline where neighbours touch: the upper one of two shows its rim
SERIOUS: Final = 0.78  # of the best ellipse's worth, from which another one is looked into
SHARED: Final = 0.4  # of the smaller embryo, from which two are the same
SMOOTHED: Final = 7  # points of a contour that are averaged


@dataclass(frozen=True)
class Contender:
    """An embryo by its mask uint8 (H, W) and outline, in the tissue's pixels; `worth` is for comparing only."""

    mask: NDArray[np.uint8]
    outline: Outline
    worth: float


def find_contenders(tissue: Tissue) -> list[Contender]:
    """The embryos in the tissue that are clear enough to be meant, the likeliest first; often it is one."""
    ellipses, scores = find_ellipses(tissue)
    if not len(ellipses):
        return []
    edges = Edges(tissue)
    worth = scores + LARGE * np.sqrt(ellipses[:, 2] * ellipses[:, 3])
    found: list[Contender] = []
    for place in np.argsort(-worth):
        if worth[place] < SERIOUS * worth.max() or _is_among(ellipses[place], found):
            continue
        contender = _outlined(edges, ellipses[place], float(worth[place]))
        if contender is not None:
            found.append(contender)
    return sorted(found, key=lambda contender: -contender.worth)


def _is_among(ellipse: Floats, found: list[Contender]) -> bool:
    for contender in found:
        own = polygon_mask(points_and_normals(ellipse, 48)[0], (contender.mask.shape[0], contender.mask.shape[1]))
        smaller = min(cv2.countNonZero(own), cv2.countNonZero(contender.mask))
        if cv2.countNonZero(own & contender.mask) >= SHARED * smaller:
            return True
    return False


def _outlined(edges: Edges, ellipse: Floats, worth: float) -> Contender | None:
    tissue = edges.tissue
    outline = trace_outline(edges, ellipse)
    mask = polygon_mask(outline.points, (tissue.shape[0], tissue.shape[1]))
    if not mask.any():
        return None
    touching = outline.support[~outline.free]
    worth += ON_TOP * (float(touching.mean()) if touching.size else 1.0)
    whole = completed(mask, tissue)
    return Contender(whole, outline if whole is mask else _around(whole, outline), worth)


def _around(mask: NDArray[np.uint8], outline: Outline) -> Outline:
    """The outline of a completed mask, smoothed; each point as clear as the nearest of the outline before."""
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    points = np.asarray(max(contours, key=cv2.contourArea), np.float64).reshape(-1, 2)
    window = np.ones(SMOOTHED) / SMOOTHED
    wrapped = np.concatenate([points[-(SMOOTHED // 2) :], points, points[: SMOOTHED // 2]])
    smooth = np.stack([np.convolve(side, window, "valid") for side in wrapped.T], axis=1)
    nearest = np.linalg.norm(smooth[:, None] - outline.points, axis=2).argmin(axis=1)
    return Outline(smooth, outline.support[nearest], outline.free[nearest])
