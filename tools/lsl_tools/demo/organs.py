"""Stages 12 to 17: dorsal closure, segments, midgut, nerve cord, tracheae.

The dorsal hole after retraction (13) closes through 14 and 15; the midgut is a sac at 14 and 15, is constricted at 16
and coiled at 17; the nerve cord shortens until 17.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lsl_tools.demo.pose import contour
from lsl_tools.demo.shapes import (
    AMNIOSEROSA,
    GUT,
    NEURAL,
    Groove,
    Material,
    Tissue,
    at,
    band,
    blend,
    blob,
    course,
    fall,
    ramp,
    rounded,
    tube,
    upright,
)

__all__ = ["organ_dents", "organ_parts"]

_CLOSING_EDGE = {12.8: -0.18, 13.5: -0.25, 14.0: -0.42, 14.6: -0.68, 15.0: -0.86, 15.5: -1.05}
_CORD_END = {11.8: 0.46, 13.0: 0.455, 14.0: 0.44, 15.0: 0.415, 16.0: 0.365, 16.5: 0.33, 17.0: 0.295, 18.0: 0.275}
_YOUNG_SAC = [
    (0.36, -0.3),
    (0.34, 0.1),
    (0.42, 0.36),
    (0.6, 0.38),
    (0.78, 0.24),
    (0.84, -0.1),
    (0.8, -0.4),
    (0.6, -0.62),
]
_CLOSED_SAC = [
    (0.35, -0.32),
    (0.33, 0.0),
    (0.4, 0.3),
    (0.55, 0.34),
    (0.7, 0.24),
    (0.75, -0.1),
    (0.7, -0.5),
    (0.5, -0.66),
]
_COILS = ((0.38, -0.3, 0.9), (0.46, 0.0, -0.7), (0.55, -0.3, 0.7), (0.63, 0.02, -0.6), (0.71, -0.28, 0.6))


def organ_parts(time: float) -> Iterator[Tissue | Groove]:
    """The trunk's organs, bottom layer first."""
    if time > 11.8:
        yield from _nerve_cord(time)
        yield from _gut(time)
        yield from _dorsal_opening(time)
        yield from _segments(time)
    if time > 12.6:
        yield from _small_organs(time)
    if time > 16.3:
        yield from _late_structures(time)


def organ_dents(time: float) -> Iterator[tuple[float, float, float]]:
    """Dents of the outline as (contour angle, width in angle, depth in pixels)."""
    open_back = ramp(time, 12.7, 13.1) * fall(time, 13.4, 14.6)
    yield 0.75, 0.085, 6.0 * open_back
    for angle in np.linspace(0.15, 0.47, 12):
        yield float(angle), 0.005, 2.6 * ramp(time, 12.6, 13.2) * fall(time, 16.6, 17.6)


def _nerve_cord(time: float) -> Iterator[Tissue | Groove]:
    formed = ramp(time, 11.8, 13.0)
    end = at(time, _CORD_END)
    top = at(time, {12.0: 9.0, 14.0: 9.0, 16.0: 10.0, 17.5: 14.0})
    deep = top + at(time, {12.0: 10.0, 15.0: 12.0, 16.0: 14.0, 17.5: 19.0})
    yield Tissue("nerve cord", band(0.115, end, top, deep), NEURAL, formed)
    angles = np.linspace(0.115, end, 28, dtype=np.float32)
    depths = np.full(28, deep, np.float32)
    depths[-3:] = [deep - 1.0, 0.5 * (deep + top), top]
    yield Groove(contour(angles, depths), 210 * formed, 2)
    yield Groove(contour(angles[:-2], top), 110 * formed, 1)


def _gut(time: float) -> Iterator[Tissue | Groove]:
    if time < 12.4:
        return
    joined = ramp(time, 12.4, 13.0)
    hindgut = at(time, {12.4: 0.95, 13.5: 0.76, 16.0: 0.72})
    midgut = blend(time, 13.3, 15.0, _YOUNG_SAC, _CLOSED_SAC)
    yolky = Material(118, 60, 215)
    yield Tissue("midgut", midgut, yolky, joined)
    yield Groove(midgut, 200 * joined * fall(time, 16.0, 16.8), 2)
    constricted = ramp(time, 15.55, 16.3)
    if constricted > 0.0:
        yield from _chambers(time, constricted)
    if time > 16.6:
        yield from _coils(time)
    curve = [(0.955, -0.1), (0.9, -0.35), (0.5 * (0.9 + hindgut), -0.62), (hindgut, -0.55)]
    yield Tissue("hindgut", tube(curve, 0.1), GUT, joined)
    yield Groove(tube(curve, 0.1), 150 * joined, 1)


def _chambers(time: float, constricted: float) -> Iterator[Tissue | Groove]:
    faded = fall(time, 16.7, 17.3)
    for k, (x, tilt) in enumerate(((0.37, 0.25), (0.475, 0.15), (0.58, 0.0), (0.685, -0.2))):
        chamber = blob(x, -0.14 + 0.06 * (k % 2), 0.052 + 0.01 * (1 - constricted), 0.5, tilt)
        yield Tissue("midgut", chamber, Material(140, 66, 190), constricted)
        yield Groove(chamber, 235 * constricted * max(faded, 0.35), 2)


def _coils(time: float) -> Iterator[Tissue | Groove]:
    coiled = ramp(time, 16.6, 17.2)
    for x, eta, tilt in _COILS:
        loop = blob(x, eta, 0.066, 0.2, tilt)
        yield Tissue("midgut", loop, Material(158, 78, 120), coiled)
        yield Groove(loop, 220 * coiled, 1)


def _dorsal_opening(time: float) -> Iterator[Tissue | Groove]:
    if not 12.7 < time < 15.5:
        return
    shown = ramp(time, 12.7, 13.1)
    low = at(time, _CLOSING_EDGE)
    closing = ramp(time, 13.6, 15.4)
    front, back = 0.29 + 0.1 * closing, 0.86 - 0.12 * closing
    edge = [(front, -1.05), (front + 0.03, low - 0.25), (front + 0.1, low - 0.03), (0.57, low)]
    edge += [(back - 0.1, low - 0.03), (back - 0.02, low - 0.25), (back, -1.05)]
    sheet = rounded(course(edge))
    yield Tissue("amnioserosa", sheet, AMNIOSEROSA, shown * fall(time, 15.1, 15.5))
    yield Groove(sheet, 220 * shown * fall(time, 15.1, 15.5), 2)


def _segments(time: float) -> Iterator[Tissue | Groove]:
    cut = ramp(time, 12.4, 13.1) * (1.0 - 0.55 * ramp(time, 16.2, 17.2))
    top = at(time, {12.4: 0.55, 13.0: 0.15, 14.0: -0.15, 15.0: -0.6, 15.6: -0.92})
    places = np.linspace(0.27, 0.92, 12, dtype=np.float32)
    for x in places if time > 12.8 else ():
        yield Tissue("segment stripes", upright(float(x), 0.022, top), None)
        yield Tissue("muscles", upright(float(x) + 0.022, 0.024, top, 0.6), None)
    lines = [course([(float(x), 1.0), (float(x) + 0.012, 0.5 + 0.5 * top), (float(x) + 0.004, top)]) for x in places]
    yield Groove(np.stack(lines), 130 * cut, 1)


def _small_organs(time: float) -> Iterator[Tissue]:
    yield Tissue("gonads", blob(0.68, 0.22, 0.02, 0.1), None)
    yield Tissue("salivary glands", tube([(0.2, 0.5), (0.27, 0.42), (0.34, 0.4)], 0.08), None)


def _late_structures(time: float) -> Iterator[Groove]:
    filled = ramp(time, 16.4, 17.2)
    trunk = [(0.14, -0.38), (0.3, -0.5), (0.5, -0.56), (0.7, -0.52), (0.86, -0.42), (0.95, -0.25)]
    yield Groove(course(trunk), 255 * filled, 2)
    yield Groove(course([(0.045, 0.1), (0.08, 0.22), (0.115, 0.12), (0.16, 0.2)]), 255 * filled, 3)
    angles = np.linspace(0.17, 0.46, 11, dtype=np.float32)
    belts = [contour(angles + shift, 2.0) for shift in (-0.005, 0.005)]
    yield Groove(np.stack(belts, axis=1), 240 * filled, 3)
