"""What the first filters of a network answer to an image (the paper's Figure 6)."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from lsl_trainer.data.batch import in_unit_range, to_tensor
from lsl_trainer.networks.gabor import LogGabor
from lsl_trainer.networks.residual import Network

__all__ = ["filter_responses"]


@torch.no_grad()
def filter_responses(network: Network, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """What the first filters answer to images (N, H, W, 3): float32 (N, C, h, w).

    These are the log-Gabor filters, or else the first convolution with the normalization and the ReLU after it, if the
    network has them (paper, II-D).
    """
    network.eval()
    pixels = to_tensor(in_unit_range(images), network.mean.device)
    if isinstance(network.body, LogGabor):
        return network.body.magnitudes((pixels - network.mean) / network.std).cpu().numpy()
    answers: list[Tensor] = []
    hook = _first(network).register_forward_hook(lambda module, given, answer: answers.append(answer))
    network.features(pixels)
    hook.remove()
    return answers[0].cpu().numpy()


def _first(network: Network) -> nn.Module:
    """The first ReLU, else the first convolution."""
    for kind in (nn.ReLU, nn.Conv2d):
        for module in network.body.modules():
            if isinstance(module, kind):
                return module
    return network.body
