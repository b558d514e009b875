"""Maps that know nothing of the trained network: what saliency maps must be better than."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["edges", "untrained_saliency"]

Array = NDArray[Any]


def edges(image: Array) -> Array:
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    return np.asarray(cv2.magnitude(cv2.Sobel(grey, cv2.CV_32F, 1, 0), cv2.Sobel(grey, cv2.CV_32F, 0, 1)))


def untrained_saliency(images: Array, seed: int) -> Array:
    """Saliency of the network `tiny` with random weights; its batch statistics are those of the images."""
    import torch

    from lsl_trainer.networks.residual import residual_network
    from lsl_trainer.settings.network import NETWORKS

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    network = residual_network(NETWORKS["tiny"], images.shape[1:3], 14)
    light = torch.from_numpy(images).permute(0, 3, 1, 2).float() / 255
    with torch.no_grad():
        for _ in range(30):
            network(light[:32])
    light.requires_grad_(True)
    logits, _ = network.eval()(light)
    (gradient,) = torch.autograd.grad(logits.max(1).values.sum(), light)
    return np.asarray(gradient.abs().amax(1).numpy())
