"""Learning one task: epochs of gradient descent over images held in memory.

All chance in an epoch comes from generators that are made anew from the seed, the step and the epoch's number. So the
weights and the optimizer's tensors after an epoch are all that is needed to go on from there, to the same end.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.errors import TrainingError
from lsl_trainer.augment import augmented
from lsl_trainer.config import TrainConfig
from lsl_trainer.networks import Network

__all__ = [
    "Batch",
    "Epoch",
    "Labelled",
    "Learner",
    "Loss",
    "Step",
    "cross_entropy",
    "in_unit_range",
    "logits_of",
    "to_tensor",
]

_WARM_UP = 0.05
_NAMED_IMAGES = 8


@dataclass(frozen=True)
class Labelled:
    """Images of one task and their labels."""

    images: NDArray[np.uint8]
    """The images of the whole store or a part of it, (M, H, W, 3); kept once, whatever the number of tasks."""
    rows: NDArray[np.int64]
    """(N,): which of them belong to this task."""
    labels: NDArray[np.int64]
    """(N,): their classes, −1 where unknown."""
    groups: NDArray[np.int64]
    """(N,): their genes."""
    ids: NDArray[np.object_]
    """(N,): their ids."""
    others: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Labels of further tasks by name: (N,), or (N, T) for terms; −1 where unknown."""

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True)
class Batch:
    """What a loss is computed from."""

    images: Tensor
    """(B, 3, H, W) in 0..1, augmented."""
    labels: Tensor
    """int64 (B,), −1 where unknown"""
    others: Mapping[str, Tensor]
    """int64 (B,) or (B, T) of further tasks, −1 where unknown"""
    positions: Tensor
    """int64 (B,) on the CPU: which images of the training set they are."""
    draws: torch.Generator
    """For whatever else is left to chance."""


Loss = Callable[[Network, Batch], tuple[Tensor, Tensor]]
"""(network, batch) → (loss, logits (B, K))."""


@dataclass(frozen=True)
class Step:
    """One of the trainings that Algorithm 1 is made of."""

    name: str
    """coarse, fine or feature."""
    data: Labelled
    loss: Loss
    epochs: int
    learning_rate: float
    flip: bool
    """Whether images are flipped, if the settings have it."""
    seed: int
    """Different for each step."""


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to."""

    step: str
    number: int
    """From 1."""
    loss: float
    """Mean over the images."""
    accuracy: float
    """Share of labelled training images (augmented, while learning) that were right."""
    learning_rate: float
    """At its beginning."""
    seconds: float = 0.0


class Learner:
    """A network that learns a step; `done` epochs lie behind it."""

    def __init__(self, network: Network, step: Step, config: TrainConfig) -> None:
        self.network, self.step, self.config, self.done = network, step, config, 0
        self._optimizer = _optimizer(network, config)

    def epochs(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
        """Trains in place and yields each epoch as it ends. Raises TrainingError for a loss that is not finite."""
        while self.done < self.step.epochs:
            epoch = self._epoch(self.done + 1, on_images)
            self.done += 1
            yield epoch

    def state(self) -> dict[str, Tensor]:
        """The optimizer's tensors, by the number of the parameter and their name."""
        state = self._optimizer.state_dict()["state"]
        return {f"{number}.{name}": value for number, values in state.items() for name, value in values.items()}

    def restore(self, state: dict[str, Tensor], done: int) -> None:
        """Goes on after `done` epochs with what `state` gave then; the network's weights are the caller's."""
        nested: dict[int, dict[str, Tensor]] = {}
        for key, value in state.items():
            number, name = key.split(".", 1)
            nested.setdefault(int(number), {})[name] = value
        self._optimizer.load_state_dict({**self._optimizer.state_dict(), "state": nested})
        self.done = done

    def _epoch(self, number: int, on_images: Callable[[int], None]) -> Epoch:
        data, config, step = self.data, self.config, self.step
        chance = np.random.default_rng([config.seed, step.seed, number])
        draws = torch.Generator().manual_seed(int(chance.integers(2**62)))
        device = self.network.mean.device
        batches = _batches(len(data), config.batch_size, chance)
        rate, total, right = self._rate(number, 0, len(batches)), 0.0, 0
        self.network.train()
        for place, positions in enumerate(batches):
            pixels = augmented(data.images[data.rows[positions]], config, chance, flip=step.flip)
            labels = torch.from_numpy(data.labels[positions]).to(device)
            others = {name: torch.from_numpy(found[positions]).to(device) for name, found in data.others.items()}
            batch = Batch(to_tensor(pixels, device), labels, others, torch.from_numpy(positions), draws)
            loss, logits = step.loss(self.network, batch)
            self._check(loss, number, positions)
            for group in self._optimizer.param_groups:
                group["lr"] = self._rate(number, place, len(batches))
            self._optimizer.zero_grad()
            loss.backward()
            self._optimizer.step()
            total += loss.item() * len(positions)
            right += int((logits.argmax(1) == labels).sum())
            on_images(len(positions))
        known = max(int((data.labels >= 0).sum()), 1)
        return Epoch(step.name, number, total / len(data), right / known, rate)

    @property
    def data(self) -> Labelled:
        """What it learns from."""
        return self.step.data

    def _rate(self, number: int, batch: int, batches: int) -> float:
        """The learning rate of a batch, both counted in the whole step."""
        done, whole = (number - 1) * batches + batch, self.step.epochs * batches
        if self.config.schedule == "steps":
            return self.step.learning_rate * 0.1 ** sum(done >= share * whole for share in self.config.milestones)
        warm_up = max(1, round(_WARM_UP * whole))
        return self.step.learning_rate * min((done + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * done / whole)))

    def _check(self, loss: Tensor, number: int, positions: NDArray[np.int64]) -> None:
        if not torch.isfinite(loss):
            ids = self.data.ids[positions]
            listed = ", ".join(ids[:_NAMED_IMAGES]) + (" …" if len(ids) > _NAMED_IMAGES else "")
            raise TrainingError(
                f"the loss of step {self.step.name}, epoch {number} is not finite, in the batch of {listed}; "
                "look at these images, or lower --learning-rate"
            )


def cross_entropy(config: TrainConfig) -> Loss:
    """L_CE (eq. 3), the mean over the batch."""

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        logits, _ = network(batch.images)
        return F.cross_entropy(logits, batch.labels, label_smoothing=config.label_smoothing), logits

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


def _optimizer(network: Network, config: TrainConfig) -> torch.optim.Optimizer:
    """The learning rate is set before every step."""
    if config.optimizer == "adamw":
        return torch.optim.AdamW(network.parameters(), weight_decay=config.weight_decay)
    return torch.optim.SGD(network.parameters(), momentum=config.momentum, weight_decay=config.weight_decay)


def _batches(count: int, size: int, generator: np.random.Generator) -> list[NDArray[np.int64]]:
    """Shuffled positions in batches; a last batch of one joins the one before, for BatchNorm needs two."""
    order = generator.permutation(count)
    starts = list(range(0, count, size))
    if len(starts) > 1 and count - starts[-1] == 1:
        starts.pop()
    return [order[start:stop] for start, stop in zip(starts, [*starts[1:], count], strict=True)]
