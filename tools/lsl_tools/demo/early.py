"""Stages 1 to 8, before the germ band rules: cells form at the surface, the furrows of gastrulation appear.

Stage 4 shows pole cells and nuclei in a thin clear rim, 5 the cellularization front moving inwards, 6 the cephalic and
ventral furrows with the pole cells on their way up the dorsal side, 7 the transverse dorsal folds.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from lsl_tools.demo.pose import contour, dorsal_angle
from lsl_tools.demo.shapes import ECTODERM, YOLK, Groove, Material, Tissue, at, band, course, fall, mix, ramp, upright

__all__ = ["CEPHALIC_FURROW", "cell_front", "early_dents", "early_parts", "pole_cells"]

CEPHALIC_FURROW = {6.0: 0.37, 7.0: 0.36, 8.0: 0.31, 10.0: 0.28}
_PERIPLASM = Material(135, 40, 85)
_POLE_CELLS = Material(225, 72, 45)


def cell_front(time: float) -> float:
    """Depth in pixels that the clear rim reaches: periplasm, then the cells as their membranes grow inwards."""
    return at(time, {1.0: 3.0, 3.5: 4.0, 4.0: 4.5, 4.8: 6.0, 5.2: 9.5, 5.8: 14.0, 8.0: 14.0})


def early_parts(time: float) -> Iterator[Tissue | Groove]:
    """Rim, cells, pole cells and furrows, from the bottom layer up."""
    yield Tissue("yolk", contour(np.linspace(0, 1, 64, endpoint=False, dtype=np.float32)), YOLK)
    front = cell_front(time)
    rim = mix(_PERIPLASM, ECTODERM, ramp(time, 4.0, 6.0))
    if time < 8.5:
        left = fall(time, 7.6, 8.5)
        yield Tissue("blastoderm", band(0.0, 1.0, -3.0, front), rim, left)
        yield Groove(contour(np.linspace(0, 1, 64, dtype=np.float32), front), 210 * left * ramp(time, 4.0, 5.1), 1)
        yield from _cells(time, front)
        yield from _pair_rule_stripes(time)
    if 5.9 < time < 7.6:
        invaginated = ramp(time, 6.0, 6.9)
        trough = band(0.12, 0.44, front - 1.0, front + 9.0 * invaginated)
        yield Tissue("mesoderm", trough, mix(rim, Material(150, 95, 110), invaginated), fall(time, 7.0, 7.6))
        belly = contour(np.linspace(0.1, 0.45, 24, dtype=np.float32), 3.0)
        yield Groove(belly, 210 * invaginated * fall(time, 7.0, 7.5), 2)
    yield from _cephalic_furrow(time)
    yield from _dorsal_folds(time)


def early_dents(time: float) -> Iterator[tuple[float, float, float]]:
    """Dents of the outline as (contour angle, width in angle, depth in pixels)."""
    deep = ramp(time, 6.0, 6.8) * fall(time, 8.0, 9.6)
    x = at(time, CEPHALIC_FURROW)
    yield dorsal_angle(x), 0.01, 8.0 * deep
    yield 1.0 - dorsal_angle(x - 0.07), 0.008, 5.0 * deep
    yield 0.3, 0.09, 3.5 * ramp(time, 5.9, 6.5) * fall(time, 6.8, 7.4)
    folds = ramp(time, 6.7, 7.1) * fall(time, 8.1, 8.7)
    for x_fold in _fold_places(time):
        yield dorsal_angle(x_fold), 0.009, 11.0 * folds
    flat_pole = ramp(time, 3.6, 4.2) * fall(time, 5.8, 6.4)
    yield 0.5, 0.03, 2.5 * flat_pole


def _cells(time: float, front: float) -> Iterator[Groove]:
    formed = ramp(time, 3.8, 5.0) * fall(time, 7.3, 8.5)
    if formed <= 0.0:
        return
    angles = np.linspace(0.0, 1.0, 210, dtype=np.float32)
    reach = max(front - 1.0, 3.0)
    sides = np.stack([contour(angles, 0.0), contour(angles, reach)], axis=1)  # (210, 2, 3)
    yield Groove(sides, 80 * formed, 1)


def _pair_rule_stripes(time: float) -> Iterator[Tissue]:
    if 4.5 < time < 7.2:
        for x in np.linspace(0.33, 0.82, 7):
            yield Tissue("segment stripes", upright(float(x), 0.035, -1.1), None)


def pole_cells(time: float) -> Iterator[Tissue | Groove]:
    """The pole cells (stages 4 to 7), on top of everything: at the pole, then carried up the back and inside."""
    there = ramp(time, 3.7, 4.1)
    if there <= 0.0 or time > 7.8:
        return
    seen = fall(time, 7.1, 7.8)
    middle = at(time, {4.0: 0.498, 5.6: 0.505, 6.0: 0.522, 6.5: 0.55, 7.0: 0.585, 7.8: 0.64})
    sunk = at(time, {4.0: -0.5, 6.0: 0.0, 7.0: 7.0, 7.8: 15.0})
    turn = np.linspace(0.0, 2.0 * np.pi, 12, endpoint=False, dtype=np.float32)
    for row, count in ((1.6, 6), (-1.6, 5)):
        for shift in np.arange(count) - 0.5 * (count - 1):
            angles = middle + 0.0135 * shift + 0.0082 * there * np.cos(turn)
            cell = contour(angles, (sunk + row + 2.9 * there * np.sin(turn)).astype(np.float32))
            yield Tissue("pole cells", cell, _POLE_CELLS, seen, outside=time < 6.8)
            yield Groove(cell, 230 * there * seen, 1)


def _cephalic_furrow(time: float) -> Iterator[Groove]:
    deep = ramp(time, 5.95, 6.5) * fall(time, 8.4, 10.0)
    if deep > 0.0:
        x = at(time, CEPHALIC_FURROW)
        back = [(x, -1.0), (x + 0.004, -0.75), (x - 0.006, -0.45), (x - 0.03, -0.1)]
        line = [*back, (x - 0.055, 0.35), (x - 0.06, 0.7), (x - 0.07, 1.0)]
        yield Groove(course(line), 120 * deep, 3)
        yield Groove(course(back), 255 * deep, 2)
        yield Groove(course(line[-2:]), 220 * deep, 2)


def _dorsal_folds(time: float) -> Iterator[Groove]:
    deep = ramp(time, 6.6, 7.1) * fall(time, 8.2, 8.8)
    if deep > 0.0:
        for x in _fold_places(time):
            line = [(x, -1.0), (x - 0.003, -0.8), (x - 0.018, -0.65), (x - 0.02, -0.7 + 0.45 * deep)]
            yield Groove(course(line), 220 * deep, 2)
            yield Groove(course([(a + 0.016, b) for a, b in line[1:]]), 120 * deep, 1)


def _fold_places(time: float) -> tuple[float, float]:
    return at(time, {6.6: 0.49, 7.5: 0.46, 8.6: 0.37}), at(time, {6.6: 0.62, 7.3: 0.57, 7.8: 0.52, 8.6: 0.41})
