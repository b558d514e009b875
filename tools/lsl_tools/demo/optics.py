"""Unstained light through the embryo: absorption, differential interference contrast (DIC), focus, lamp, camera.

DIC turns the slope of the optical thickness along its shear direction into light and shade.
"""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.demo.anatomy import Anatomy
from lsl_tools.demo.photograph import Photograph
from lsl_tools.demo.pose import HEIGHT, WIDTH, FloatArray
from lsl_tools.demo.texture import grain

__all__ = ["blurred", "transmitted"]

_SLOPE: Final = 0.006
_THICKNESS: Final = 1.5
_GROOVE_DEPTH: Final = 0.42
_TONE_KNOTS: Final = (12.0, 32.0, 60.0, 86.0)
_ALONG: Final = np.linspace(-1.0, 1.0, WIDTH, dtype=np.float32)
_ACROSS: Final = np.linspace(-1.0, 1.0, HEIGHT, dtype=np.float32)[:, None]


def transmitted(anatomy: Anatomy, photograph: Photograph) -> FloatArray:
    """The share of light, about 0..1, that reaches the camera through each pixel: float32 (128, 320)."""
    tissue = blurred(anatomy.tissue, photograph.softness)
    grooves = blurred(anatomy.grooves, photograph.sharpness) * np.float32(photograph.focus)
    inside = blurred(anatomy.mask, 1.2) / np.float32(255.0)
    rough = tissue[..., 2] * (photograph.texture / 255.0)
    thickness = _thickness(anatomy, tissue, grooves, rough, photograph)
    slope = np.asarray(cv2.filter2D(thickness * inside, -1, _shear(photograph)))
    dark = _tones(photograph)[tissue[..., 1].astype(np.uint8)]
    dark += 0.18 * grooves + 7.0 * rough * grain("blotches", photograph.window)
    light = np.exp((-photograph.darkening / 255.0) * dark * inside)
    light *= np.clip(1.0 + photograph.contrast * _SLOPE * slope, 0.3, 1.25)
    light *= 1.0 + photograph.lamp[0] * _ALONG + photograph.lamp[1] * _ACROSS
    light += photograph.noise * grain("sensor", photograph.window)
    return _focused(light, photograph)


def blurred(canvas: NDArray[np.uint8], spread: float) -> FloatArray:
    """A painted layer, softened; float32 of the same shape, 0..255."""
    return np.asarray(cv2.GaussianBlur(canvas, (0, 0), spread)).astype(np.float32)


def _thickness(
    anatomy: Anatomy, tissue: FloatArray, grooves: FloatArray, rough: FloatArray, photograph: Photograph
) -> FloatArray:
    thickness = _THICKNESS * tissue[..., 0] - _GROOVE_DEPTH * grooves
    thickness += 12.0 * rough * grain("granules", photograph.window)
    thickness += (4.5 * photograph.texture) * grain("cells", photograph.window)
    thickness += (anatomy.folding * photograph.folding) * grain("folds", photograph.window)
    return np.asarray(thickness, np.float32)


def _tones(photograph: Photograph) -> FloatArray:
    """Darkness (256,) as this photograph shows the painted darkness."""
    return np.interp(np.arange(256), _TONE_KNOTS, photograph.tones).astype(np.float32)


def _shear(photograph: Photograph) -> FloatArray:
    """The 3×3 derivative along the direction of DIC."""
    smooth, edge = np.array([1.0, 2.0, 1.0]) / 4.0, np.array([-1.0, 0.0, 1.0]) / 2.0
    along, across = np.outer(smooth, edge), np.outer(edge, smooth)
    return np.asarray(-np.cos(photograph.shear) * along - np.sin(photograph.shear) * across, np.float32)


def _focused(light: FloatArray, photograph: Photograph) -> FloatArray:
    """Blurred by the optics, then sharpened by the camera."""
    seen = np.asarray(cv2.GaussianBlur(light, (0, 0), photograph.blur))
    if photograph.sharpening:
        softer = np.asarray(cv2.GaussianBlur(seen, (0, 0), 1.2))
        seen = seen + photograph.sharpening * (seen - softer)
    return np.asarray(seen, np.float32)
