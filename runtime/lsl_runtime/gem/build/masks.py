"""Saliency maps as masks: where the model looks, 0 to 1, on the same scale in every image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.order import percentile_inside
from lsl_shared.process.scratch import scratch

__all__ = ["SIGMA", "saliency_mask", "saliency_masks"]

SIGMA = 4.0
"""Standard deviation of the Gaussian that smooths a map, in pixels."""

_RADIUS = round(4 * SIGMA)
_PERCENTILE = 99


def saliency_mask(
    saliency: NDArray[np.float32], embryo: NDArray[np.bool_], fleeting: bool = False
) -> NDArray[np.float32]:
    """The mask of one image, float32 (H, W) in 0..1, from its saliency map float32 (H, W), or one reduced to (h, w).

    The map is smoothed (Gaussian, σ = 4 px, cut at 4 σ, mirrored at the frame), divided by its 99th percentile inside
    `embryo`, bool (H, W), and clipped to 1. A reduced map is smoothed as it is and then enlarged linearly, in all by as
    many pixels of the image. Zero everywhere where there is no embryo or the map is zero inside it. The next mask of
    this thread overwrites a `fleeting` one.
    """
    if not embryo.any():
        return np.zeros(embryo.shape, np.float32)
    smooth = _smoothed(saliency, embryo.shape)
    full = percentile_inside(smooth, embryo, _PERCENTILE)
    if not full > 0:
        return np.zeros(embryo.shape, np.float32)
    mask = np.divide(smooth, np.float32(full), out=smooth if fleeting else None)
    return np.clip(mask, 0, 1, out=mask)


def saliency_masks(saliency: NDArray[np.float32], embryo: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The masks of several images, float32 (n, H, W), with the same bits; the next call of this thread overwrites them.

    `saliency` float32 (n, h, w), `embryo` bool (n, H, W).
    """
    masks = scratch("masks", embryo.shape)
    for place, (map_, inside) in enumerate(zip(saliency, embryo, strict=True)):
        masks[place] = saliency_mask(map_, inside, fleeting=True)
    return masks


def _smoothed(saliency: NDArray[np.float32], shape: tuple[int, ...]) -> NDArray[np.float32]:
    import cv2

    by = shape[0] // saliency.shape[0]
    width, kept = 2 * (_RADIUS // by) + 1, scratch("smooth map", saliency.shape)
    if by == 1:
        smooth = cv2.GaussianBlur(saliency, (width, width), SIGMA, dst=kept, borderType=cv2.BORDER_REFLECT_101)
        return np.asarray(smooth, np.float32)
    blocks = cv2.GaussianBlur(saliency, (width, width), _left(by) / by, dst=kept, borderType=cv2.BORDER_REFLECT)
    enlarged = cv2.resize(blocks, shape[::-1], dst=scratch("enlarged map", shape), interpolation=cv2.INTER_LINEAR)
    return np.asarray(enlarged, np.float32)


def _left(by: int) -> float:
    """The standard deviation, in pixels, that is left to smooth by: blocks and lines between them smooth as well."""
    return float((SIGMA**2 - (by**2 - 1) / 12 - by**2 / 6) ** 0.5)
