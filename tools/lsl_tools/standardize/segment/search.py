"""Looking for embryos: every ellipse of an embryo's shape is tried, the best ones are adjusted."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np

from lsl_tools.standardize.segment.ellipse import Floats
from lsl_tools.standardize.segment.support import SupportMaps
from lsl_tools.standardize.segment.tissue import Tissue

__all__ = ["PROPORTIONS", "find_ellipses"]

LENGTHS: Final = (0.36, 0.43, 0.52, 0.62, 0.74, 0.88)  # of the photograph's longer side
SHAPES: Final = (2.0, 2.35, 2.75)  # length to width
PROPORTIONS: Final = (1.5, 3.3)
"""Least and greatest length to width of an embryo."""
ANGLES: Final = 12
COARSE, FINE = 16, 32  # points along an outline
MOST: Final = 6  # ellipses that are adjusted
STEPS: Final = np.array([0.12, 0.12, 0.08, 0.08, 0.12])  # half widths, half widths, shares, shares, radians


def find_ellipses(tissue: Tissue) -> tuple[Floats, Floats]:
    """The likeliest embryos, best first: ellipses (n, 5) in the tissue's pixels, n up to 6, and scores (n,)."""
    maps = SupportMaps(tissue)
    found, scores = _tried(tissue, maps)
    if not len(found):
        return found, scores
    return _adjusted(maps, _distinct(found, scores))


def _tried(tissue: Tissue, maps: SupportMaps) -> tuple[Floats, Floats]:
    padded = cv2.copyMakeBorder(tissue.mask, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    depth = np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 3))[1:-1, 1:-1]
    shapes = _shapes(max(depth.shape))
    which, places = [np.zeros(0, np.intp)], [np.zeros((0, 2))]
    for first in range(0, len(shapes), ANGLES):
        across = shapes[first, 1]
        step = max(3, int(0.3 * across))
        rows, columns = np.nonzero(depth[::step, ::step] > 0.75 * across)
        which.append(np.repeat(np.arange(first, first + ANGLES), len(rows)))
        places.append(np.tile(np.stack([columns, rows], axis=1) * float(step), (ANGLES, 1)))
    shape, place = np.concatenate(which), np.concatenate(places)
    held = maps.hold(shapes, shape, place) if len(shape) else np.zeros(0, bool)
    if not held.any():
        return np.zeros((0, 5)), np.zeros(0)
    shape, place = shape[held], place[held]
    return np.column_stack([place, shapes[shape]]), maps.score(shapes, shape, place, COARSE)


def _shapes(longer: int) -> Floats:
    """Half axes and angle of the ellipses that are tried, (S, 3): angle by angle, for a photograph's longer side."""
    angles = np.linspace(-np.pi / 2, np.pi / 2, ANGLES, endpoint=False)
    along = 0.5 * longer * np.array(LENGTHS)
    return np.array([(a, a / shape, angle) for a in along for shape in SHAPES for angle in angles])


def _distinct(found: Floats, scores: Floats) -> Floats:
    """The best ellipses that differ clearly from all better ones."""
    order = np.argsort(-scores)[:1000]
    left, kept = found[order], list[Floats]()
    while len(left) and len(kept) < MOST:
        best = left[0]
        kept.append(best)
        apart = np.hypot(left[:, 0] - best[0], left[:, 1] - best[1]) > 0.35 * best[3]
        turned = np.abs((left[:, 4] - best[4] + np.pi / 2) % np.pi - np.pi / 2) > 0.4
        larger = np.abs(np.log(left[:, 2] / best[2])) > 0.25
        left = left[apart | turned | larger]
    return np.array(kept)


def _adjusted(maps: SupportMaps, ellipses: Floats) -> tuple[Floats, Floats]:
    """Each ellipse moved, stretched and turned in ever smaller steps while that raises its score."""
    scores, steps = maps.score_each(ellipses, FINE), STEPS
    ways = np.concatenate([np.eye(5), -np.eye(5)])  # (10, 5)
    for _ in range(4):
        for _ in range(3):
            units = np.column_stack([ellipses[:, 3], ellipses[:, 3], ellipses[:, 2:4], np.ones(len(ellipses))])
            moved = ellipses[:, None] + ways * steps * units[:, None]  # (n, 10, 5)
            shape = moved[..., 2] / moved[..., 3]
            tried = maps.score_each(moved, FINE)
            tried[(shape < PROPORTIONS[0]) | (shape > PROPORTIONS[1])] = -9
            best = tried.argmax(axis=1)
            rows = np.flatnonzero(tried.max(axis=1) > scores + 1e-4)
            if not len(rows):
                break
            ellipses[rows], scores[rows] = moved[rows, best[rows]], tried[rows, best[rows]]
        steps = steps / 1.8
    order = np.argsort(-scores)
    return ellipses[order], scores[order]
