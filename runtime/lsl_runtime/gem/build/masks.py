"""Saliency maps as masks: where the model looks, 0 to 1, on the same scale in every image."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.order import percentile
from lsl_shared.process.scratch import scratch

__all__ = ["SIGMA", "saliency_mask"]

SIGMA = 4.0
"""Standard deviation of the Gaussian that smooths a map, in pixels."""

_RADIUS = round(4 * SIGMA)
_PERCENTILE = 99


def saliency_mask(saliency: NDArray[np.float32], embryo: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The mask of one image, float32 (H, W) in 0..1, from its saliency map float32 (H, W).

    The map is smoothed (Gaussian, σ = 4 px, cut at 4 σ, mirrored at the frame), divided by its 99th percentile inside
    `embryo`, bool (H, W), and clipped to 1. Zero everywhere where there is no embryo or the map is zero inside it.
    """
    if not embryo.any():
        return np.zeros(saliency.shape, np.float32)
    smooth = _smoothed(saliency)
    full = percentile(smooth[embryo], _PERCENTILE)
    if not full > 0:
        return np.zeros(saliency.shape, np.float32)
    mask = smooth / np.float32(full)
    return np.clip(mask, 0, 1, out=mask)


def _smoothed(saliency: NDArray[np.float32]) -> NDArray[np.float32]:
    import cv2

    width, kept = 2 * _RADIUS + 1, scratch("smooth map", saliency.shape)
    smooth = cv2.GaussianBlur(saliency, (width, width), SIGMA, dst=kept, borderType=cv2.BORDER_REFLECT_101)
    return np.asarray(smooth, np.float32)
