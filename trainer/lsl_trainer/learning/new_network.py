"""The network that a training begins with: fresh, or with the F of a backbone."""

from __future__ import annotations

import numpy as np
import torch

from lsl_trainer.data.batch import Labelled
from lsl_trainer.learning.backbones import transferred_network
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["channel_statistics", "new_network"]

_SAMPLED_IMAGES = 512


def new_network(image_size: tuple[int, int], config: TrainConfig, data: Labelled, outputs: int) -> Network:
    """A network for images of (H, W) with so many outputs; a fresh one is normalized to the images of `data`."""
    if config.transfer.backbone:
        return transferred_network(config, image_size, outputs)
    torch.manual_seed(config.seed)
    return residual_network(config.network, image_size, outputs, *channel_statistics(data))


def channel_statistics(data: Labelled) -> tuple[list[float], list[float]]:
    """Mean and deviation of each channel, pixels in 0..1, over at most 512 evenly spaced training images."""
    rows = data.rows[np.unique(np.linspace(0, len(data) - 1, _SAMPLED_IMAGES).astype(int))]
    pixels = data.images[rows].reshape(-1, 3)
    return (pixels.mean(0) / 255).tolist(), np.maximum(pixels.std(0) / 255, 1e-3).tolist()
