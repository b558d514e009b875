"""How long a training will take, from a few batches."""

from __future__ import annotations

import time

import torch

from lsl_trainer.learning.algorithm import TwoStepTraining

__all__ = ["estimated_seconds"]


def estimated_seconds(training: TwoStepTraining) -> float:
    """From the time of a few forward and backward passes on a grey batch; weights and random state stay."""
    network, config = training.network, training.config
    images = torch.full((config.descent.batch_size, 3, *training.data.image_size), 0.5, device=network.mean.device)
    network.eval()
    times = []
    for _ in range(4):
        started = time.monotonic()
        network(images)[0].sum().backward()
        network.zero_grad(set_to_none=True)
        times.append(time.monotonic() - started)
    return 1.2 * min(times) / config.descent.batch_size * training.total_passes
