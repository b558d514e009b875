"""Stain density and embryo mask of an image in one byte a pixel, as annotations keep them.

0 is outside the embryo, any other value v is a density of (v - 1) / 254 inside: to 1/508 what `expression` says.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.measures.stain import Expression
from lsl_shared.process.scratch import scratch

__all__ = ["from_bytes", "to_bytes"]

_LEVELS = 254
_DENSITY = np.concatenate([[0], np.arange(_LEVELS + 1) / _LEVELS]).astype(np.float32)  # (256,): of each value


def to_bytes(found: Expression) -> NDArray[np.uint8]:
    """What is kept of an image, uint8 (H, W)."""
    return np.where(found.mask, 1 + np.rint(_LEVELS * found.density), 0).astype(np.uint8)


def from_bytes(kept: NDArray[np.uint8], fleeting: bool = False) -> Expression:
    """Density and mask, each (H, W), of what is kept of an image, uint8 (H, W).

    Where they are `fleeting`, the next ones of this thread overwrite them.
    """
    import cv2

    density = scratch("stored density", kept.shape) if fleeting else None
    mask = scratch("stored mask", kept.shape, np.bool_) if fleeting else None
    return Expression(np.asarray(cv2.LUT(kept, _DENSITY, dst=density), np.float32), np.greater(kept, 0, out=mask))
