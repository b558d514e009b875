"""Anatomy and expression as one photograph.

Light passes the embryo and is absorbed, colour by colour, by the stain (Beer-Lambert); the surroundings are cut away to
white, as standardization does.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_tools.demo.anatomy import Anatomy, paint_anatomy
from lsl_tools.demo.genes import Gene
from lsl_tools.demo.optics import blurred, transmitted
from lsl_tools.demo.photograph import Photograph
from lsl_tools.demo.pose import FloatArray
from lsl_tools.demo.texture import grain

__all__ = ["luminance", "render"]

ByteArray = NDArray[np.uint8]


def render(time: float, gene: Gene, photograph: Photograph) -> tuple[ByteArray, ByteArray]:
    """The photograph of `gene` at developmental `time`.

    Returns the image uint8 (128, 320, 3), RGB on white, and the true stain density uint8 (128, 320), before optics,
    0 outside the embryo, 255 at saturation.
    """
    anatomy = paint_anatomy(time, photograph.pose, gene.tissues)
    density = _density(anatomy, gene, photograph)
    light = transmitted(anatomy, photograph)[..., None] * np.array(gene.light, np.float32)
    light *= np.exp(-density[..., None] * np.array(gene.stain, np.float32))
    light = np.asarray(cv2.transform(light, _saturation(photograph.saturation)))
    light[~_cut_out(anatomy, photograph)] = 1.0
    density[anatomy.mask <= 127] = 0.0
    return _bytes(light), _bytes(density)


def _saturation(share: float) -> FloatArray:
    """The 3×3 matrix that scales colours away from their grey."""
    return np.asarray(share * np.eye(3) + (1.0 - share) / 3.0, np.float32)


def luminance(time: float, photograph: Photograph) -> FloatArray:
    """The unstained embryo's brightness float32 (128, 320), 0..1, white outside: what only the anatomy explains."""
    anatomy = paint_anatomy(time, photograph.pose)
    light = transmitted(anatomy, photograph)
    light[anatomy.mask <= 127] = 1.0
    return light


def _bytes(values: FloatArray) -> ByteArray:
    scaled = np.clip(values * 255.0, 0.0, 255.0)
    return np.asarray(scaled.astype(np.uint8))


def _density(anatomy: Anatomy, gene: Gene, photograph: Photograph) -> FloatArray:
    """Stain density float32 (128, 320), 0..1, strength included."""
    density = blurred(anatomy.stain, photograph.spread) / np.float32(255.0)
    if gene.regions or gene.everywhere:
        density = np.maximum(density, gene.upsampled(photograph.shift))
    blotches = grain("blotches", photograph.window)
    if gene.speckle:
        spots = np.clip(grain("granules", photograph.window) * gene.speckle, -0.7, 1.0)
        density = density * (1.0 + spots)
    density = photograph.strength * density * (1.0 + 0.1 * blotches) + photograph.background
    inside = blurred(anatomy.mask, 1.5) / np.float32(255.0)
    return np.asarray(np.clip(density, 0.0, 1.0) * inside, np.float32)


def _cut_out(anatomy: Anatomy, photograph: Photograph) -> NDArray[np.bool_]:
    """The area that standardization kept, bool (128, 320): the embryo, cut more or less closely."""
    mask = anatomy.mask
    if photograph.bridging:
        mask = _bridged(mask, photograph.bridging)
    if photograph.margin:
        size = 2 * photograph.margin + 1
        mask = np.asarray(cv2.dilate(mask, np.ones((size, size), np.uint8)))
    if not photograph.raggedness:
        return np.asarray(mask > 127)
    soft = blurred(mask, 2.0)
    frayed = np.clip(grain("cells", photograph.window), -2.5, 2.5)
    return np.asarray(soft + 127.0 * photograph.raggedness * frayed > 127.0)


def _bridged(mask: ByteArray, span: int) -> ByteArray:
    """The mask with notches up to `span` pixels wide cut across, as a hasty outline does."""
    small = cv2.copyMakeBorder(cv2.resize(mask, None, fx=0.5, fy=0.5), 24, 24, 24, 24, cv2.BORDER_CONSTANT, value=0)
    half = span // 2 | 1
    kernel = np.asarray(cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (half, half)))
    closed = np.asarray(cv2.morphologyEx(small, cv2.MORPH_CLOSE, kernel))[24:-24, 24:-24]
    wide = np.asarray(cv2.resize(closed, mask.shape[::-1], interpolation=cv2.INTER_LINEAR))
    return np.maximum(mask, wide)
