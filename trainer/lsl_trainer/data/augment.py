"""Random changes of training images that leave their class alone: flips, small movements, light."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_trainer.settings.groups import Augmentation

__all__ = ["DRAWS", "augmented", "strongly_augmented"]

DRAWS = 12
"""Random numbers that the changes of one image take."""
_VALUES = np.arange(256, dtype=np.uint8)[None, :, None]


def augmented(
    images: NDArray[np.uint8], changes: Augmentation, draws: NDArray[np.float64], *, flip: bool
) -> NDArray[np.float32]:
    """Images uint8 (B, H, W, 3) → changed images float32 (B, H, W, 3) in 0..1.

    `draws` (B, DRAWS) in −1..1 decide the changes of each image. What moves in from outside continues the border.
    `flip` allows the flips where the settings have them.
    """
    changed = np.empty(images.shape, dtype=np.float32)
    for image, drawn, out in zip(images, draws, changed, strict=True):
        _augment(image, changes, drawn, flip, out)
    return changed


def strongly_augmented(
    images: NDArray[np.uint8], changes: Augmentation, draws: NDArray[np.float64], *, flip: bool
) -> NDArray[np.float32]:
    """As `augmented`, with `strong` times larger changes: 10 % in place and size, 10 degrees, 30 % in light, beyond
    those of the settings; and a square of each image, up to `strong` times a quarter of its side, as grey as its mean.
    """
    times = changes.strong
    stronger = replace(
        changes,
        shift=min(1.0, changes.shift + 0.1 * times),
        scale=min(1.0, changes.scale + 0.1 * times),
        light=min(1.0, changes.light + 0.3 * times),
        rotation=changes.rotation + 10 * times,
    )
    changed = augmented(images, stronger, draws, flip=flip)
    for image, drawn in zip(changed, (draws[:, -3:] + 1) / 2, strict=True):
        _cut_out(image, drawn, min(1.0, times / 4))
    return changed


def _cut_out(image: NDArray[np.float32], drawn: NDArray[np.float64], most: float) -> None:
    """Greys a square of `image` (H, W, 3) in place; `drawn` (3,) in 0..1 are its centre and its share of `most`."""
    height, width = image.shape[:2]
    half = drawn[2] * most * min(height, width) / 2
    y, x = drawn[0] * height, drawn[1] * width
    square = image[int(max(0, y - half)) : int(y + half), int(max(0, x - half)) : int(x + half)]
    square[...] = image.mean((0, 1))


def _augment(
    image: NDArray[np.uint8], changes: Augmentation, draws: NDArray[np.float64], flip: bool, out: NDArray[np.float32]
) -> None:
    """Writes the changed image to `out` (H, W, 3); light goes through a table of the 256 values, one a channel."""
    height, width = image.shape[:2]
    if flip and changes.flip:
        image = image[:: 1 if draws[0] < 0 else -1, :: 1 if draws[1] < 0 else -1]
    if changes.shift or changes.scale or changes.rotation:
        matrix = cv2.getRotationMatrix2D(
            (width / 2, height / 2), changes.rotation * draws[2], 1 + changes.scale * draws[3]
        )
        matrix[:, 2] += changes.shift * draws[4:6] * np.array([width, height])
        moved = cv2.warpAffine(np.ascontiguousarray(image), matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        image = np.asarray(moved, dtype=np.uint8)
    gain, offset = (1 + changes.light * draws[6:9]) / 255, changes.light / 2 * draws[9:12]  # (3,) each
    lit = _VALUES * gain.astype(np.float32) + offset.astype(np.float32)  # (1, 256, 3)
    cv2.LUT(np.ascontiguousarray(image), np.clip(lit, 0, 1), dst=out)
