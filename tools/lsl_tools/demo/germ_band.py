"""Stages 7 to 12: the germ band grows around the posterior pole towards the head, slowly segments, and retracts.

The posterior midgut sinks in at its tip (7), travels with it (8 fast, 9 to 11 slowly) and forms a sac inside; at 11
tracheal pits and parasegmental furrows line the band; at 12 the tip goes back and the amnioserosa spreads behind it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from lsl_tools.demo.pose import contour, dorsal_angle
from lsl_tools.demo.shapes import (
    AMNIOSEROSA,
    ECTODERM,
    GUT,
    MESODERM,
    YOLK,
    Groove,
    Tissue,
    at,
    band,
    blob,
    course,
    fall,
    mix,
    ramp,
    rounded,
)

__all__ = ["SEGMENTS", "TIP", "germ_band_dents", "germ_band_parts", "segment_angles"]

TIP = {6.6: 0.93, 7.0: 0.85, 7.5: 0.72, 8.0: 0.58, 8.5: 0.48, 9.0: 0.425, 10.0: 0.385, 11.0: 0.345, 11.6: 0.33}
TIP |= {12.0: 0.35, 12.3: 0.47, 12.7: 0.72, 13.0: 0.87, 13.5: 0.94}
SEGMENTS = 14
_START = 0.125


def segment_angles(time: float) -> list[float]:
    """Contour angles of the 15 segment borders, from behind the head to the band's tip."""
    return [float(a) for a in np.linspace(_START, dorsal_angle(at(time, TIP)), SEGMENTS + 1)]


def germ_band_parts(time: float) -> Iterator[Tissue | Groove]:
    """The band with its layers, stripes and furrows, the amnioserosa and the posterior midgut, bottom layer first."""
    if time < 6.7:
        return
    shown = ramp(time, 6.7, 7.3)
    tip = dorsal_angle(at(time, TIP))
    thick = at(time, {6.7: 13.0, 8.0: 20.0, 9.0: 23.0, 11.0: 26.0, 12.5: 27.0, 13.0: 30.0})
    yield from _amnioserosa(time)
    if time < 13.2:
        yield Tissue("mesoderm", band(0.1, tip, 8.0, thick), MESODERM, shown * fall(time, 12.6, 13.2))
    yield Tissue("ectoderm", band(0.08, tip, -4.0, thick * 0.55), ECTODERM, shown)
    if time > 8.0:
        yield Tissue("flank", band(0.12, tip, thick * 0.5, thick * at(time, {8.0: 0.9, 11.0: 1.5})), None)
    angles = segment_angles(time)
    for front, back in pairwise(angles):
        if time < 12.8:
            stripe = band(front, front + 0.42 * (back - front), -3.0, at(time, {7.0: 13.0, 9.0: 18.0, 11.0: 30.0}))
            yield Tissue("segment stripes", stripe, None)
    length = np.linspace(0.1, tip, 32, dtype=np.float32)
    yield Groove(contour(length, thick), 170 * shown * fall(time, 12.4, 13.2), 2)
    yield Groove(contour(length, thick * 0.55), 70 * shown, 1)
    yield from _posterior_midgut(time)
    yield from _tip(time, tip, thick)
    yield from _segmentation(time, angles)


def germ_band_dents(time: float) -> Iterator[tuple[float, float, float]]:
    """Dents of the outline as (contour angle, width in angle, depth in pixels)."""
    x = at(time, TIP)
    yield dorsal_angle(min(x + 0.01, 0.94)), 0.018, 11.0 * ramp(time, 6.8, 7.3) * fall(time, 8.0, 8.8)
    yield dorsal_angle(x - 0.025), 0.018, 9.0 * ramp(time, 8.2, 9.0) * fall(time, 12.2, 12.9)
    yield dorsal_angle(0.5 * (x + 0.3)), 0.045, 11.0 * ramp(time, 11.9, 12.6) * fall(time, 13.0, 13.9)
    furrows = ramp(time, 10.8, 11.4) * fall(time, 12.0, 12.6)
    for angle in segment_angles(time)[1:]:
        yield angle, 0.005, 2.4 * furrows


def _amnioserosa(time: float) -> Iterator[Tissue]:
    if 7.6 < time < 13.2:
        front, tip = 0.31, at(time, TIP)
        low = at(time, {7.6: -0.6, 9.0: -0.35, 11.0: -0.3, 12.0: -0.3, 12.6: -0.35, 13.2: -0.3})
        back = max(tip, front + 0.03)
        middle = 0.5 * (front + back)
        sheet = [(front, -1.05), (front + 0.01, low - 0.2), (middle, low), (back, low - 0.1), (back + 0.02, -1.05)]
        yield Tissue("amnioserosa", rounded(course(sheet)), AMNIOSEROSA, ramp(time, 7.6, 8.5) * fall(time, 12.7, 13.2))


def _posterior_midgut(time: float) -> Iterator[Tissue | Groove]:
    if time > 12.9:
        return
    grown = ramp(time, 6.8, 8.0)
    if grown <= 0.0:
        return
    tip = at(time, TIP)
    ahead = at(time, {6.8: 0.0, 8.0: 0.02, 9.0: 0.04, 10.0: 0.07, 11.0: 0.13, 12.0: 0.17, 12.6: -0.05, 12.9: -0.2})
    eta = at(time, {6.8: -0.8, 7.5: -0.55, 8.0: -0.38, 9.0: -0.22, 10.0: -0.18, 11.0: -0.16, 12.5: 0.0})
    length = at(time, {6.8: 0.02, 7.5: 0.06, 8.0: 0.08, 9.0: 0.085, 10.0: 0.095, 11.0: 0.13, 12.0: 0.16, 12.9: 0.2})
    breadth = at(time, {6.8: 0.1, 7.5: 0.3, 8.0: 0.42, 9.0: 0.43, 10.0: 0.36, 11.0: 0.26, 12.0: 0.24})
    sac = blob(tip + ahead, eta, length, breadth, at(time, {7.0: 0.5, 8.5: 0.1, 11.0: -0.06}))
    left = grown * fall(time, 12.5, 12.9)
    yield Tissue("posterior midgut", sac, GUT, left)
    yield Groove(np.concatenate([sac[5:14]]), 220 * grown * fall(time, 11.2, 12.8), 2)
    if length > 0.04:
        cavity = blob(tip + ahead + 0.004, eta - 0.05, 0.55 * length, 0.5 * breadth)
        yield Tissue("posterior midgut", cavity, mix(GUT, YOLK, 0.55), left)
    lumen = at(time, {6.8: 0.2, 8.0: 0.45, 9.5: 0.3, 11.0: 0.12, 12.0: 0.0})
    if lumen > 0.0:
        yield Groove(blob(tip + ahead, eta, length * lumen, breadth * lumen), 150 * grown, 1)


def _tip(time: float, tip: float, thick: float) -> Iterator[Groove]:
    seen = ramp(time, 7.6, 8.3) * fall(time, 12.8, 13.3)
    if seen > 0.0:
        end = np.array([tip, tip + 0.004, tip + 0.001, tip - 0.012], np.float32)
        yield Groove(contour(end, np.array([0.0, thick * 0.4, thick * 0.8, thick * 1.2], np.float32)), 240 * seen, 2)


def _segmentation(time: float, angles: list[float]) -> Iterator[Groove]:
    furrows = ramp(time, 10.75, 11.35) * fall(time, 12.6, 13.0)
    if furrows <= 0.0:
        return
    borders = np.array(angles[1:-1], np.float32)
    lines = np.stack([contour(borders, 0.0), contour(borders, 7.0 + 4.0 * furrows)], axis=1)
    yield Groove(lines, 200 * furrows, 1)
    pits = np.array([0.5 * (a + b) for a, b in pairwise(angles[1:-2])], np.float32)
    holes = np.stack([contour(pits - 0.0035, 16.0), contour(pits + 0.0035, 17.5)], axis=1)
    yield Groove(holes, 255 * ramp(time, 10.8, 11.2) * fall(time, 12.1, 12.7), 3)
