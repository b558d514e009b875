"""How one embryo lies in the frame: body coordinates to pixels.

Body coordinates are (x, eta, depth): x from 0 at the anterior to 1 at the posterior pole, eta from -1 on the dorsal to
1 on the ventral surface, and depth in pixels from the surface towards the middle.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["HEIGHT", "WIDTH", "FloatArray", "Pose", "contour", "dorsal_angle", "draw_pose"]

HEIGHT: Final = 128
WIDTH: Final = 320
_MARGIN: Final = 3.0

FloatArray = NDArray[np.float32]


def contour(angle: FloatArray, depth: FloatArray | float = 0.0) -> FloatArray:
    """Body points (n, 3) along the surface: angle 0 anterior pole, 0.25 ventral, 0.5 posterior pole, 0.75 dorsal."""
    turn = 2 * np.pi * np.asarray(angle, np.float32)
    points = np.empty((len(turn), 3), np.float32)
    points[:, 0] = 0.5 - 0.5 * np.cos(turn)
    points[:, 1] = np.where(np.sin(turn) >= 0, 1.0, -1.0)
    points[:, 2] = depth
    return points


def dorsal_angle(x: float) -> float:
    """Contour angle in [0.5, 1] of the dorsal surface point at body coordinate x."""
    return float(1.0 - np.arccos(1.0 - 2.0 * x) / (2 * np.pi))


@dataclass(frozen=True)
class Pose:
    """One embryo's outline and position; all of it is a nuisance that tells nothing about the stage."""

    squareness: float = 2.3
    taper: float = 0.1
    dorsal_flatness: float = 0.1
    bend: float = 0.0
    roll: float = 0.0
    angle: float = 0.0
    proportion: float = 0.0
    ripple: tuple[float, float, float, float] = (0.0, 0.0, 0.0, 0.0)
    wobble: float = 0.0
    wobble_seed: int = 0
    dents: tuple[tuple[float, float, float], ...] = ()

    def place(self, points: FloatArray) -> FloatArray:
        """Body points (n, 3) → pixels (n, 2) as (column, row)."""
        scale, offset = self._frame
        pixels = self._turned(points) * scale + offset
        if self.wobble:
            pixels += self.wobble * _wobble(pixels, self.wobble_seed)
        return pixels

    def _turned(self, points: FloatArray) -> FloatArray:
        x, eta, depth = points[:, 0], points[:, 1], points[:, 2]
        along = 2.0 * np.clip(x, 0.0, 1.0) - 1.0
        half = (1.0 - np.abs(along) ** self.squareness) ** (1.0 / self.squareness) * (1.0 + self.taper * along)
        eta = eta + self.roll * (1.0 - eta * eta)
        eta = np.where(eta < 0, eta * (1.0 - self.dorsal_flatness), eta)
        phase = self.ripple
        across = eta * half * 61.0 * (1.0 - depth / 61.0) + self.bend * (along * along - 0.4)
        across = across + phase[0] * np.sin(5.0 * x + phase[1])
        ahead = along * (157.0 - depth) + self.proportion * (1.0 - along * along)
        ahead = ahead + phase[2] * np.sin(4.0 * eta + 3.0 * x + phase[3])
        cos, sin = np.cos(self.angle), np.sin(self.angle)
        return np.stack([ahead * cos - across * sin, ahead * sin + across * cos], axis=1).astype(np.float32)

    @cached_property
    def _frame(self) -> tuple[FloatArray, FloatArray]:
        outline = self._turned(contour(np.linspace(0, 1, 64, endpoint=False, dtype=np.float32)))
        low, high = outline.min(axis=0), outline.max(axis=0)
        size = np.array([WIDTH, HEIGHT], np.float32) - 2 * _MARGIN
        scale = size / (high - low)
        return scale.astype(np.float32), (_MARGIN - low * scale).astype(np.float32)


def _wobble(pixels: FloatArray, seed: int) -> FloatArray:
    """A smooth irregular displacement (n, 2) of pixels (n, 2): sums of waves of 25 to 80 pixels, deviation about 1."""
    generator = np.random.default_rng(seed)
    waves = generator.normal(0.0, 0.1, (2, 8)).astype(np.float32)
    phases = generator.uniform(0.0, 2 * np.pi, (2, 8)).astype(np.float32)
    waved = pixels @ waves
    return np.stack([np.sin(waved + phase).sum(axis=1) for phase in phases], axis=1) * np.float32(0.5)


def draw_pose(generator: np.random.Generator) -> Pose:
    """A random pose: rolled, tilted, bent, more or less pointed."""
    return Pose(
        squareness=float(generator.uniform(2.05, 2.6)),
        taper=float(generator.uniform(0.0, 0.25)),
        dorsal_flatness=float(generator.uniform(0.0, 0.25)),
        bend=float(generator.normal(0.0, 6.0)),
        roll=float(generator.normal(0.0, 0.14)),
        angle=float(generator.normal(0.0, 0.04)),
        proportion=float(generator.normal(0.0, 7.0)),
        ripple=(
            float(generator.normal(0.0, 1.6)),
            float(generator.uniform(0.0, 2 * np.pi)),
            float(generator.normal(0.0, 3.0)),
            float(generator.uniform(0.0, 2 * np.pi)),
        ),
        wobble=float(generator.uniform(0.2, 1.1)),
        wobble_seed=int(generator.integers(2**31)),
        dents=tuple(_draw_dent(generator) for _ in range(generator.integers(6))),
    )


def _draw_dent(generator: np.random.Generator) -> tuple[float, float, float]:
    """A dent (or bump) of handling: contour angle, width in angle, depth in pixels."""
    width = float(np.exp(generator.uniform(np.log(0.008), np.log(0.08))))
    return float(generator.random()), width, float(generator.normal(0.5, 4.5))
