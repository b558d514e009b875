"""Stages 8 to 17, the head: anterior midgut, stomodeum, clypeolabrum, gnathal lobes, brain, head involution.

The stomodeum opens at 10; clypeolabrum and gnathal lobes stand out at 11 to 13; the dorsal ridge moves forward and the
head rolls in from 13 to 16.
"""

from __future__ import annotations

from collections.abc import Iterator

from lsl_tools.demo.pose import dorsal_angle
from lsl_tools.demo.shapes import (
    ECTODERM,
    GUT,
    NEURAL,
    Groove,
    Material,
    Tissue,
    at,
    band,
    blob,
    course,
    fall,
    ramp,
    tube,
)

__all__ = ["head_dents", "head_parts"]

_RIDGE = {13.4: 0.27, 14.0: 0.23, 15.0: 0.17, 16.0: 0.1, 16.6: 0.06}


def head_parts(time: float) -> Iterator[Tissue | Groove]:
    """The head's tissues and furrows, bottom layer first."""
    if time > 7.5:
        yield from _head(time)
    if time > 9.8:
        yield from _mouth(time)
    yield from _dorsal_ridge(time)


def head_dents(time: float) -> Iterator[tuple[float, float, float]]:
    """Dents of the outline as (contour angle, width in angle, depth in pixels)."""
    mouth = ramp(time, 9.8, 10.5) * fall(time, 13.8, 15.2)
    yield 0.055, 0.014, 9.0 * mouth
    lobes = ramp(time, 10.7, 11.3) * fall(time, 13.6, 14.6)
    for angle in (0.098, 0.125, 0.15):
        yield angle - 0.01 * ramp(time, 12.0, 13.5), 0.006, 4.0 * lobes
    yield dorsal_angle(at(time, _RIDGE)), 0.01, 6.0 * ramp(time, 13.3, 13.9) * fall(time, 15.6, 16.4)
    yield 0.0, 0.05, -2.0 * ramp(time, 15.6, 16.6)


def _head(time: float) -> Iterator[Tissue | Groove]:
    grown = ramp(time, 7.5, 9.0)
    deep = at(time, {7.5: 13.0, 10.0: 19.0, 12.0: 24.0, 13.0: 26.0})
    yield Tissue("head", band(-0.17, 0.125, -4.0, deep), Material(152, 66, 75), grown)
    foregut = [(0.1, 0.75), (0.13, 0.3), (0.2, 0.15), (0.27, 0.18)]
    if time < 12.9:
        x, half = at(time, {8.0: 0.2, 11.0: 0.25, 12.0: 0.3, 12.8: 0.4}), at(time, {8.0: 0.03, 11.0: 0.08, 12.8: 0.14})
        anterior = blob(x, 0.22, half, 0.24)
        yield Tissue("anterior midgut", anterior, GUT, grown * fall(time, 12.4, 12.9))
        yield Groove(anterior[3:12], 120 * grown * ramp(time, 9.5, 11.5), 1)
    if time > 11.5:
        brain = blob(at(time, {11.5: 0.14, 14.0: 0.17, 17.0: 0.25}), -0.3, 0.075, 0.42)
        yield Tissue("brain", brain, NEURAL, ramp(time, 11.5, 13.0))
    if time > 10.2:
        yield Tissue("foregut", tube(foregut, 0.09 * ramp(time, 10.0, 11.0)), GUT)


def _mouth(time: float) -> Iterator[Tissue | Groove]:
    open_mouth = ramp(time, 9.8, 10.5)
    reach = at(time, {9.8: 0.0, 10.2: 0.45, 11.0: 0.8, 11.6: 1.0})
    lip = 0.095 - 0.03 * ramp(time, 13.0, 16.0)
    line = [(lip, 0.9), (0.11, 0.9 - 0.5 * reach), (0.11 + 0.06 * reach, 0.9 - 0.78 * reach)]
    yield Groove(course(line), 255 * open_mouth, 3)
    yield from _lobes(time)


def _lobes(time: float) -> Iterator[Tissue | Groove]:
    knob = ramp(time, 10.3, 11.3) * fall(time, 13.2, 14.8)
    if knob > 0.0:
        shape = blob(0.028, -0.1, 0.03 * knob, 0.2 * knob)
        yield Tissue("clypeolabrum", shape, Material(170, 70, 70), knob, outside=True)
        yield Groove(shape[13:], 170 * knob, 1)
    lobes = ramp(time, 10.7, 11.3) * fall(time, 13.8, 15.0)
    if lobes > 0.0:
        shift = at(time, {11.0: 0.0, 13.0: -0.02, 14.5: -0.05})
        for x, eta in ((0.14, 0.72), (0.18, 0.76), (0.225, 0.8)):
            lobe = blob(x + shift, eta, 0.019, 0.24, 0.2)
            yield Tissue("gnathal lobes", lobe, ECTODERM, lobes)
            yield Groove(lobe, 165 * lobes, 1)


def _dorsal_ridge(time: float) -> Iterator[Groove]:
    ridge = ramp(time, 13.2, 13.9) * fall(time, 16.0, 16.6)
    if ridge > 0.0:
        x = at(time, _RIDGE)
        yield Groove(course([(x, -1.0), (x - 0.015, -0.6), (x - 0.02, -0.1), (x - 0.01, 0.35)]), 240 * ridge, 2)
