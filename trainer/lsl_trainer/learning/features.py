"""The features of images, as the network gives them when it no longer learns."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from lsl_trainer.data.batch import Labelled, in_unit_range, to_tensor
from lsl_trainer.networks.residual import Network

__all__ = ["features_of"]


@torch.no_grad()
def features_of(
    network: Network, data: Labelled, on_images: Callable[[int], None] = lambda count: None, batch: int = 64
) -> Tensor:
    """F of all images of `data` in eval mode, unaugmented, float32 (N, D) on the CPU.

    `on_images` is called with the number of images just passed.
    """
    network.eval()
    parts = []
    for start in range(0, len(data), batch):
        pixels = in_unit_range(data.images[data.rows[start : start + batch]])
        parts.append(network.features(to_tensor(pixels, network.mean.device)).cpu())
        on_images(len(pixels))
    return torch.cat(parts)
