"""One embryo's anatomy at one moment, painted: optical thickness, darkness, grain, grooves and stain of every pixel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.demo.early import early_dents, early_parts, pole_cells
from lsl_tools.demo.germ_band import germ_band_dents, germ_band_parts
from lsl_tools.demo.head import head_dents, head_parts
from lsl_tools.demo.organs import organ_dents, organ_parts
from lsl_tools.demo.pose import HEIGHT, WIDTH, FloatArray, Pose, contour
from lsl_tools.demo.shapes import Groove, Tissue, ramp

__all__ = ["Anatomy", "paint_anatomy", "visible_tissues"]

ByteArray = NDArray[np.uint8]

_SUBPIXEL_BITS: Final = 4
_SEEN: Final = 0.5
_RING: Final = np.linspace(0.0, 1.0, 320, endpoint=False, dtype=np.float32)


@dataclass(frozen=True)
class Anatomy:
    """Painted layers of one embryo, each uint8 (128, 320): the embryo's own area, what its tissues are like, its stain.

    `tissue` is (128, 320, 3): optical thickness, darkness, grain (see Material). `stain` is the pattern's density.
    `folding` 0..1 tells how uneven the tissues have become since gastrulation.
    """

    mask: ByteArray
    tissue: ByteArray
    grooves: ByteArray
    stain: ByteArray
    folding: float


def paint_anatomy(time: float, pose: Pose, stained: Mapping[str, float] | None = None) -> Anatomy:
    """The embryo at developmental `time` in `pose`; `stained` gives the stain density 0..1 of tissues by name."""
    parts = _parts(time)
    outline = pose.place(contour(_RING, _dented(time, pose)))
    places = _place(parts, pose)
    anatomy = Anatomy(_empty(), _empty(3), _empty(), _empty(), ramp(time, 6.3, 11.5))
    _fill(anatomy.mask, outline, 255)
    for part, points in zip(parts, places, strict=True):
        if isinstance(part, Groove):
            _line(anatomy.grooves, points, part)
        elif part.presence > 0.0:
            if part.material:
                _fill(anatomy.tissue, points, part.material, part.presence)
            if part.outside:
                _fill(anatomy.mask, points, 255)
            density = stained.get(part.name, 0.0) if stained else 0.0
            if stained and (part.material or density):
                _fill(anatomy.stain, points, 255.0 * density, part.presence)
    return anatomy


def visible_tissues(time: float) -> set[str]:
    """The names of the tissues that an embryo at developmental `time` has, more than half formed."""
    return {part.name for part in _parts(time) if isinstance(part, Tissue) and part.presence > _SEEN}


def _parts(time: float) -> list[Tissue | Groove]:
    """Everything that is painted, from the bottom layer up."""
    return [*early_parts(time), *germ_band_parts(time), *head_parts(time), *organ_parts(time), *pole_cells(time)]


def _empty(channels: int = 1) -> ByteArray:
    return np.zeros((HEIGHT, WIDTH) if channels == 1 else (HEIGHT, WIDTH, channels), np.uint8)


def _dented(time: float, pose: Pose) -> FloatArray:
    """Depth (320,) of the outline below the smooth surface, in pixels."""
    dents = np.array(
        [*early_dents(time), *germ_band_dents(time), *head_dents(time), *organ_dents(time), *pose.dents], np.float32
    )
    angle, width, depth = dents[np.abs(dents[:, 2]) > 0.05].T[..., None]
    away = np.abs(_RING - angle)
    away = np.minimum(away, 1.0 - away) / width
    return np.asarray((depth * np.exp(-away * away)).sum(axis=0), np.float32)


def _place(parts: list[Tissue | Groove], pose: Pose) -> Iterator[NDArray[np.int32]]:
    """All parts' points in fixed-point pixels, transformed together."""
    flat = np.concatenate([part.points.reshape(-1, 3) for part in parts])
    pixels = np.rint(pose.place(flat) * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    start = 0
    for part in parts:
        shape = part.points.shape
        stop = start + part.points.size // 3
        yield pixels[start:stop].reshape(*shape[:-1], 2)
        start = stop


def _fill(
    canvas: ByteArray,
    points: NDArray[np.int32] | FloatArray,
    value: float | tuple[float, ...],
    presence: float = 1.0,
) -> None:
    if points.dtype != np.int32:
        points = np.rint(points * (1 << _SUBPIXEL_BITS)).astype(np.int32)
    painted = canvas if presence >= 1.0 else canvas.copy()
    cv2.fillPoly(painted, [points], value, cv2.LINE_AA, _SUBPIXEL_BITS)
    if presence < 1.0:
        cv2.addWeighted(painted, presence, canvas, 1.0 - presence, 0.0, dst=canvas)


def _line(canvas: ByteArray, points: NDArray[np.int32], groove: Groove) -> None:
    if groove.strength >= 1.0:
        lines = [points] if points.ndim == 2 else list(points)
        cv2.polylines(canvas, lines, False, groove.strength, groove.width, cv2.LINE_AA, _SUBPIXEL_BITS)
