"""Grey, colour and alpha become RGB on white."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["flat_rgb", "upright"]


def flat_rgb(values: NDArray[np.uint8], multiplied: bool) -> NDArray[np.uint8]:
    """(H, W), or (H, W, C) as grey, grey with alpha, RGB or RGB with alpha → (H, W, 3), RGB.

    Grey is repeated. Alpha is flattened on white, unless it is 0 everywhere, since then none was meant; `multiplied`:
    the colours are multiplied by it already.
    """
    channels = values[..., None] if values.ndim == 2 else values
    if channels.shape[2] == 3:
        return np.ascontiguousarray(channels)
    colour = channels[..., :3] if channels.shape[2] > 2 else channels[..., [0, 0, 0]]
    if channels.shape[2] in (2, 4) and channels[..., -1].any():
        alpha = channels[..., -1:].astype(np.uint32)
        share = 255 * colour.astype(np.uint32) if multiplied else colour * alpha
        colour = np.minimum((share + 255 * (255 - alpha) + 127) // 255, 255).astype(np.uint8)
    return np.ascontiguousarray(colour)


def upright(pixels: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """The picture (H, W, 3) turned and mirrored as orientation 1 … 8 of EXIF and TIFF says; 5 to 8 swap H and W."""
    if orientation > 4:  # stored by columns
        pixels = pixels.transpose(1, 0, 2)
    up_down = orientation in (3, 4, 7, 8)
    left_right = orientation in (2, 3, 6, 7)
    return np.ascontiguousarray(pixels[:: -1 if up_down else 1, :: -1 if left_right else 1])
