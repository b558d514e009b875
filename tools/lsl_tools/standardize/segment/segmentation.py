"""The main embryo of a photograph: found at reduced size, parted from its neighbours, outlined, measured."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.embryo_mask import embryo_mask
from lsl_tools.standardize.scaling import scaled
from lsl_tools.standardize.segment.contenders import Contender, find_contenders
from lsl_tools.standardize.segment.ellipse import (
    Floats,
    at_frame,
    ellipse_of,
    overlap,
    points_and_normals,
    polygon_mask,
)
from lsl_tools.standardize.segment.outline import Outline
from lsl_tools.standardize.segment.tissue import WORKING_SIDE, find_tissue

__all__ = ["MOST_STANDARDIZED", "Segmentation", "reduced", "segment", "standardized_already"]

FILLS: Final = 0.94  # share of a standardized image, along each side, that the embryo's box fills at least
WHITE: Final = 0.75  # share of its ground that is exactly white at least
STRAIGHT: Final = 5.0  # degrees that its long axis may lie off
MOST_STANDARDIZED: Final = 1280
"""Pixels of the longer side of a standardized image."""
APART: Final = 0.97  # share of its outline where ground lies outside, of an embryo that touches no other
AS_LARGE: Final = 0.6  # of the main embryo's area
BORDER: Final = 1.5  # pixels within which an outline touches the frame


@dataclass(frozen=True)
class Segmentation:
    """The embryo in a photograph.

    `outline` (n, 2) and `ellipse` (5,), of the same second moments, are in the photograph's pixels. The scores lie in
    0..1: `support`, how clear the outline is; `fit`, intersection over union with the ellipse; `area`, share of the
    photograph; `border`, share of the outline along the frame; `rival`, how likely another embryo is meant (1: as
    likely); `weakest`, how clear the outline's least clear eighth is. `standardized`: the photograph was standardized
    before.
    """

    outline: Floats
    ellipse: Floats
    support: float
    fit: float
    area: float
    border: float
    rival: float
    standardized: bool = False
    weakest: float = 1.0

    @property
    def aspect(self) -> float:
        """Length to width."""
        return float(self.ellipse[2] / self.ellipse[3])

    def enlarged(self, by: int) -> Segmentation:
        """The same in the pixels of a photograph that is `by` times as large."""
        ellipse = self.ellipse * np.array([by, by, by, by, 1])
        ellipse[:2] += (by - 1) / 2  # centres of pixels
        return replace(self, outline=(self.outline + 0.5) * by - 0.5, ellipse=ellipse)


def segment(photograph: NDArray[np.uint8]) -> Segmentation | None:
    """Finds the main embryo of a photograph uint8 (H, W, 3), RGB; None where there is none.

    Of several embryos, it takes those that are seen whole with a clear outline all around, and of these the largest.
    """
    before = standardized_already(photograph)
    if before is not None:
        return before
    small = reduced(photograph)
    contenders = find_contenders(find_tissue(small))
    if not contenders:
        return None
    main, *others = contenders
    rival = max((_rivalry(main, other) for other in others), default=0.0)
    return _measured(main.outline, main.mask, photograph.shape[1] / small.shape[1], rival)


def reduced(photograph: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The photograph with its longer side brought to `WORKING_SIDE` pixels."""
    height, width = photograph.shape[:2]
    scale = WORKING_SIDE / max(height, width)
    return scaled(photograph, (max(1, round(height * scale)), max(1, round(width * scale))))


def standardized_already(photograph: NDArray[np.uint8]) -> Segmentation | None:
    """The embryo of a standardized image: cut out on exactly white ground, lying straight and filling the frame.

    None for any other picture. A camera's blown-out ground is white as well, but no embryo fills its frame.
    """
    height, width = photograph.shape[:2]
    corners = photograph[np.ix_([0, -1], [0, -1])].reshape(4, -1).min(axis=1)
    if (corners == 255).sum() < 3 or max(height, width) > MOST_STANDARDIZED:
        return None
    mask = embryo_mask(photograph).astype(np.uint8)
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    if not contours:
        return None
    points = np.asarray(max(contours, key=cv2.contourArea), np.float64).reshape(-1, 2)
    fills = (np.ptp(points, axis=0) + 1 >= FILLS * np.array([width, height])).all()
    white = float((photograph[mask == 0] == 255).mean()) if not mask.all() else 0.0
    outline = Outline(points, np.ones(len(points)), np.ones(len(points), bool))
    found = _measured(outline, mask, 1.0, 0.0, standardized=True)
    straight = abs(np.degrees(found.ellipse[4])) <= STRAIGHT
    return found if fills and straight and white >= WHITE else None


def _rivalry(main: Contender, other: Contender) -> float:
    """How likely another embryo is meant: 1 for one that lies apart, whole and hardly smaller; else by its worth."""
    apart = other.outline.free.mean() > APART and not at_frame(other.outline.points, other.mask.shape, BORDER).any()
    if apart and other.mask.sum() >= AS_LARGE * main.mask.sum():
        return 1.0
    return max(0.0, other.worth / main.worth)


def _measured(
    outline: Outline, mask: NDArray[np.uint8], scale: float, rival: float, standardized: bool = False
) -> Segmentation:
    """`scale`: pixels of the photograph for one of the mask."""
    ellipse, framed = ellipse_of(mask), at_frame(outline.points, mask.shape, BORDER)
    steps = np.linalg.norm(np.roll(outline.points, -1, axis=0) - outline.points, axis=1)
    ideal = polygon_mask(points_and_normals(ellipse, 96)[0], mask.shape[:2])
    moved = ellipse * np.array([scale, scale, scale, scale, 1])
    moved[:2] += (scale - 1) / 2  # centres of pixels
    return Segmentation(
        outline=(outline.points + 0.5) * scale - 0.5,
        ellipse=moved,
        support=float(outline.support.mean()),
        fit=overlap(mask, ideal),
        area=float(mask.mean()),
        border=float((framed * steps).sum() / max(steps.sum(), 1e-9)),
        rival=rival,
        standardized=standardized,
        weakest=outline.weakest,
    )
