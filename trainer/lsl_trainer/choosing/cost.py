"""What candidates cost, counted and not clocked: so the same store, seed and kind of machine give the same choice.

A second is what this many operations take on a quiet machine. A busy or a slow one takes longer, and chooses alike.
"""

from __future__ import annotations

import torch
from torch.utils.flop_counter import FlopCounterMode

from lsl_trainer.choosing.sight import Sight
from lsl_trainer.networks.residual import Network

__all__ = ["flops_of", "linear_seconds", "seconds_of"]

_CPU_RATE, _GPU_RATE = 15e9, 4e12
"""Operations a second: of one thread, of a GPU."""
_IMAGES_A_SECOND = 2500
"""How many images a thread changes at random and hands on, whatever the network."""
_BACKWARD = 3
"""A forward and a backward pass, in forward passes."""
_EVALUATIONS = 130
"""How often the loss of a linear classifier is computed until it settles."""


@torch.no_grad()
def flops_of(network: Network, image_size: tuple[int, int]) -> float:
    """Operations of one forward pass of an image of (H, W)."""
    network.eval()
    with FlopCounterMode(display=False) as counter:
        network(torch.zeros(1, 3, *image_size, device=network.mean.device))
    return float(counter.get_total_flops())


def seconds_of(sight: Sight, flops: float, passes: float, *, learns: bool) -> float:
    """What so many passes of single images take, forward alone or, where the network `learns`, there and back."""
    rate = _GPU_RATE if sight.gpu else _CPU_RATE * sight.threads
    return passes * (flops * (_BACKWARD if learns else 1) / rate + 1 / _IMAGES_A_SECOND)


def linear_seconds(sight: Sight, images: float, axes: int, outputs: int) -> float:
    """What fitting one linear classifier takes."""
    return 4 * images * axes * outputs * _EVALUATIONS / (_CPU_RATE * sight.threads)
