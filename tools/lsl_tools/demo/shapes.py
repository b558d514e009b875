"""The vocabulary of the atlas: tissues as outlined areas and grooves, in body coordinates, at one moment."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from lsl_tools.demo.pose import FloatArray, contour

__all__ = [
    "AMNIOSEROSA",
    "ECTODERM",
    "GUT",
    "MESODERM",
    "NEURAL",
    "YOLK",
    "Groove",
    "Material",
    "Tissue",
    "at",
    "band",
    "blend",
    "blob",
    "course",
    "fall",
    "mix",
    "ramp",
    "rounded",
    "tube",
    "upright",
]

Course = list[tuple[float, float]]


class Material(NamedTuple):
    """What a tissue does to the light, each 0 to 255: its optical thickness, its darkness, its grain."""

    thickness: float
    darkness: float
    grain: float


YOLK: Final = Material(120, 32, 190)
ECTODERM: Final = Material(150, 56, 95)
MESODERM: Final = Material(132, 68, 105)
GUT: Final = Material(176, 84, 85)
NEURAL: Final = Material(162, 84, 75)
AMNIOSEROSA: Final = Material(92, 12, 25)


@dataclass(frozen=True)
class Tissue:
    """An area of one material (None: it only takes stain); `outside` ones bulge out of the embryo's outline.

    `presence` 0..1 blends it with what lies below, so that tissues come and go gradually.
    """

    name: str
    points: FloatArray
    material: Material | None
    presence: float = 1.0
    outside: bool = False


@dataclass(frozen=True)
class Groove:
    """A furrow, membrane or boundary seen from the side: a line, `strength` 0 to 255, `width` in pixels."""

    points: FloatArray
    strength: float
    width: int = 1


def ramp(time: float, start: float, end: float) -> float:
    """0 before `start`, 1 after `end`, smooth in between."""
    share = min(max((time - start) / (end - start), 0.0), 1.0)
    return share * share * (3.0 - 2.0 * share)


def fall(time: float, start: float, end: float) -> float:
    """1 before `start`, 0 after `end`, smooth in between."""
    return 1.0 - ramp(time, start, end)


def at(time: float, keys: Mapping[float, float]) -> float:
    """Linear interpolation between the key frames {time: value}."""
    return float(np.interp(time, list(keys), list(keys.values())))


def mix(a: Material, b: Material, share: float) -> Material:
    """Material a turning into b as `share` goes from 0 to 1."""
    return Material(*(p + (q - p) * share for p, q in zip(a, b, strict=True)))


def course(points: Course) -> FloatArray:
    """Body points (n, 3) from (x, eta) pairs, depth 0."""
    pairs = np.array(points, np.float32)
    return np.concatenate([pairs, np.zeros((len(pairs), 1), np.float32)], axis=1)


def blend(time: float, start: float, end: float, a: Course, b: Course) -> FloatArray:
    """Body points of a smooth closed form that goes from outline a to outline b between the two times."""
    share = ramp(time, start, end)
    return rounded(course(a) * (1.0 - share) + course(b) * share)


def blob(x: float, eta: float, length: float, breadth: float, tilt: float = 0.0) -> FloatArray:
    """An ellipse: half length in x units, half breadth in eta units, tilted by `tilt` radians in pixel space."""
    turn = np.linspace(0.0, 2.0 * np.pi, 18, endpoint=False)
    along, across = length * 314.0 * np.cos(turn), breadth * 61.0 * np.sin(turn)
    dx, dy = along * np.cos(tilt) - across * np.sin(tilt), along * np.sin(tilt) + across * np.cos(tilt)
    return np.stack([x + dx / 314.0, eta + dy / 61.0, np.zeros_like(turn)], axis=1).astype(np.float32)


def band(start: float, end: float, top: float, bottom: float) -> FloatArray:
    """The strip below the surface between two contour angles, from depth `top` to depth `bottom` in pixels."""
    angles = np.linspace(start, end, max(int(abs(end - start) * 64), 3), dtype=np.float32)
    depths = np.repeat(np.array([top, bottom], np.float32), len(angles))
    return contour(np.concatenate([angles, angles[::-1]]), depths)


def tube(points: Course, radius: float) -> FloatArray:
    """A tube of `radius` (eta units) around a course of (x, eta) points."""
    line = course(_bent(points))
    side = np.gradient(line[:, :2] * np.array([314.0, 61.0], np.float32), axis=0)
    normal = np.stack([-side[:, 1], side[:, 0]], axis=1) / (np.linalg.norm(side, axis=1, keepdims=True) + 1e-6)
    shift = np.zeros_like(line)
    shift[:, :2] = normal * radius * 61.0 / np.array([314.0, 61.0], np.float32)
    return np.concatenate([line + shift, (line - shift)[::-1]])


def _bent(points: Course) -> Course:
    knots = np.array(points, np.float32)
    rank, fine = np.arange(len(knots)), np.linspace(0, len(knots) - 1, 4 * len(knots) - 3)
    smooth = np.stack([np.interp(fine, rank, knots[:, axis]) for axis in (0, 1)], axis=1)
    smooth[1:-1] = (smooth[:-2] + 2 * smooth[1:-1] + smooth[2:]) / 4
    return [(float(x), float(eta)) for x, eta in smooth]


def rounded(points: FloatArray) -> FloatArray:
    """Chaikin's corner cutting of a closed polygon (n, 3), twice."""
    for _ in range(2):
        after = np.roll(points, -1, axis=0)
        points = np.stack([0.75 * points + 0.25 * after, 0.25 * points + 0.75 * after], axis=1).reshape(-1, 3)
    return points


def upright(x: float, width: float, top: float, bottom: float = 1.1) -> FloatArray:
    """A bar across the flank: from eta `bottom` up to `top`, leaning back a little as segment borders do."""
    return course([(x, bottom), (x + width, bottom), (x + width + 0.012, top), (x + 0.012, top)])
