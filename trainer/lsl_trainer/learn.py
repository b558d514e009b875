"""Learning one task: epochs of stochastic gradient descent over images held in memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.errors import TrainingError
from lsl_trainer.augment import augmented
from lsl_trainer.config import TrainConfig
from lsl_trainer.networks import Network

__all__ = ["Epoch", "Labelled", "Loss", "cross_entropy", "in_unit_range", "learn", "logits_of", "to_tensor"]

Loss = Callable[[Network, Tensor, Tensor, Tensor], tuple[Tensor, Tensor]]
"""(network, images (B, 3, H, W), labels (B,), positions (B,) in the training set) → (loss, logits (B, K))."""


@dataclass(frozen=True)
class Labelled:
    """Training images of one task and their labels."""

    images: NDArray[np.uint8]
    """The images of the whole store or a part of it, (M, H, W, 3); kept once, whatever the number of tasks."""
    rows: NDArray[np.int64]
    """(N,): which of them belong to this task."""
    labels: NDArray[np.int64]
    """(N,): their classes."""
    groups: NDArray[np.int64]
    """(N,): their genes."""

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to."""

    step: str
    """coarse, fine or feature."""
    number: int
    """From 1."""
    loss: float
    """Mean over the images."""
    accuracy: float
    """Share of training images (augmented, while learning) that were right."""
    learning_rate: float
    seconds: float = 0.0


def learn(
    network: Network,
    data: Labelled,
    loss: Loss,
    config: TrainConfig,
    *,
    step: str,
    epochs: int,
    learning_rate: float,
    generator: np.random.Generator,
    flip: bool,
    on_images: Callable[[int], None],
) -> Iterator[Epoch]:
    """Trains `network` in place, yields each epoch as it ends. Raises TrainingError for a loss that is not finite."""
    device = network.mean.device
    optimizer = _optimizer(network, config, learning_rate)
    steps = math.ceil(len(data) / config.batch_size)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, _schedule(config, epochs * steps))
    network.train()
    for number in range(1, epochs + 1):
        rate = optimizer.param_groups[0]["lr"]
        total, right = 0.0, 0
        for positions in _batches(len(data), config.batch_size, generator):
            changed = augmented(data.images[data.rows[positions]], config, generator, flip=flip)
            images, labels = to_tensor(changed, device), torch.from_numpy(data.labels[positions]).to(device)
            value, logits = loss(network, images, labels, torch.from_numpy(positions))
            if not torch.isfinite(value):
                raise TrainingError(f"the loss of step {step}, epoch {number} is not finite; lower --learning-rate")
            optimizer.zero_grad()
            value.backward()
            optimizer.step()
            schedule.step()
            total += value.item() * len(positions)
            right += int((logits.argmax(1) == labels).sum())
            on_images(len(positions))
        yield Epoch(step, number, total / len(data), right / len(data), rate)


def _optimizer(network: Network, config: TrainConfig, learning_rate: float) -> torch.optim.Optimizer:
    if config.optimizer == "adamw":
        return torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=config.weight_decay)
    return torch.optim.SGD(network.parameters(), learning_rate, config.momentum, weight_decay=config.weight_decay)


def cross_entropy(config: TrainConfig) -> Loss:
    """L_CE (eq. 3), the mean over the batch."""

    def loss(network: Network, images: Tensor, labels: Tensor, positions: Tensor) -> tuple[Tensor, Tensor]:
        logits, _ = network(images)
        return F.cross_entropy(logits, labels, label_smoothing=config.label_smoothing), logits

    return loss


@torch.no_grad()
def logits_of(network: Network, images: NDArray[np.uint8], rows: NDArray[np.int64], batch: int = 64) -> Tensor:
    """The logits of images[rows] in eval mode, unaugmented, float32 (n, K) on the CPU."""
    network.eval()
    parts = [images[rows[start : start + batch]] for start in range(0, len(rows), batch)]
    found = [network(to_tensor(in_unit_range(part), network.mean.device))[0].cpu() for part in parts]
    return torch.cat(found) if found else torch.empty(0, network.head.out_features)


def in_unit_range(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels uint8 → float32 in 0..1."""
    return np.divide(images, 255, dtype=np.float32)


def to_tensor(images: NDArray[np.float32], device: torch.device) -> Tensor:
    """Images float32 (B, H, W, 3) → a tensor (B, 3, H, W) whose memory keeps the channels last."""
    return torch.from_numpy(images).to(device).permute(0, 3, 1, 2)


def _batches(count: int, size: int, generator: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    """Shuffled positions in batches; a last batch of one joins the one before, for BatchNorm needs two."""
    order = generator.permutation(count)
    starts = list(range(0, count, size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    for start, stop in zip(starts, [*starts[1:], count], strict=True):
        yield order[start:stop]


def _schedule(config: TrainConfig, steps: int) -> Callable[[int], float]:
    """The factor on the learning rate at each step."""
    if config.schedule == "steps":
        return lambda step: 0.1 ** sum(step >= milestone * steps for milestone in config.milestones)
    warm_up = max(1, steps // 20)
    return lambda step: min((step + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * min(step / steps, 1))))
