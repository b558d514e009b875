"""Random changes of training images that leave their class alone: flips, small movements, light."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from lsl_trainer.config import TrainConfig

__all__ = ["augmented"]


def augmented(
    images: NDArray[np.uint8], config: TrainConfig, generator: np.random.Generator, *, flip: bool
) -> NDArray[np.float32]:
    """Images uint8 (B, H, W, 3) → changed images float32 (B, H, W, 3) in 0..1.

    What moves in from outside continues the border. `flip` allows the flips where the settings have them.
    """
    return np.stack([_augmented_one(image, config, generator, flip) for image in images])


def _augmented_one(
    image: NDArray[np.uint8], config: TrainConfig, generator: np.random.Generator, flip: bool
) -> NDArray[np.float32]:
    draws = generator.uniform(-1, 1, 12)
    height, width = image.shape[:2]
    if flip and config.flip:
        image = image[:: 1 if draws[0] < 0 else -1, :: 1 if draws[1] < 0 else -1]
    if config.shift or config.scale or config.rotation:
        matrix = cv2.getRotationMatrix2D(
            (width / 2, height / 2), config.rotation * draws[2], 1 + config.scale * draws[3]
        )
        matrix[:, 2] += config.shift * draws[4:6] * np.array([width, height])
        moved = cv2.warpAffine(np.ascontiguousarray(image), matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
        image = np.asarray(moved, dtype=np.uint8)
    gain, offset = (1 + config.light * draws[6:9]) / 255, config.light / 2 * draws[9:12]  # (3,) each
    lit: NDArray[np.float32] = np.clip(image * gain.astype(np.float32) + offset.astype(np.float32), 0, 1)
    return lit
