"""SmoothGrad of magnitudes: the mean of the saliency maps of noisy copies of an image.

After Smilkov et al. 2017 (arXiv:1706.03825), with what the saliency graph dictates. It takes uint8 images and gives
max over channels of |∂ logit / ∂ pixel|, so three things differ from the paper:

- The reduced, unsigned maps are averaged; the paper averages the signed gradients and takes the magnitude of the mean
  when it draws them. Gradients whose sign changes with the noise do not cancel here, so flat parts stay brighter.
- Noisy copies are rounded and clipped to 0..255. Rounding adds noise of 0.3 grey levels; clipping halves the noise of
  white ground, whose mean falls below white by 0.4 standard deviations.
- The noise's standard deviation is a share of the full range 255, not of the range that the image at hand spans.

The class is that of the clean image. The noise comes from a generator seeded by the image's own bytes: the map of an
image depends on nothing but the image, the class and the two settings (and on NumPy, should its generator change).
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import NDArray

__all__ = ["NOISE", "SAMPLES", "noisy_copies"]

SAMPLES = 16
"""Noisy copies of each image."""
NOISE = 0.2
"""Standard deviation of the noise as a share of 255."""


def noisy_copies(image: NDArray[np.uint8], samples: int = SAMPLES, noise: float = NOISE) -> NDArray[np.uint8]:
    """Copies of an image (H, W, 3) with Gaussian noise on every channel, uint8 (samples, H, W, 3).

    The same image gets the same noise on every call, and more samples begin with the same ones.
    """
    seed = hashlib.sha256(image.tobytes()).digest()
    generator = np.random.default_rng(int.from_bytes(seed, "little"))
    copies = np.empty((samples, *image.shape), np.uint8)
    for copy in copies:
        noisy = generator.standard_normal(image.shape, np.float32)
        noisy *= np.float32(255 * noise)
        noisy += image
        copy[...] = np.clip(np.rint(noisy, out=noisy), 0, 255, out=noisy)
    return copies
