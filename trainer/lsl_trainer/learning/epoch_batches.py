"""The batches of an epoch: drawn by all processes alike, changed at random, and shared out among the processes.

Whatever is random in an epoch comes from generators that are made anew from the seed, the step and the epoch's number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray

from lsl_trainer.data.augment import DRAWS, augmented, strongly_augmented
from lsl_trainer.data.batch import Batch, to_tensor
from lsl_trainer.data.sampling import every_image
from lsl_trainer.learning.processes import own_share
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.settings.config import TrainConfig

__all__ = ["EpochBatches", "OwnBatch"]

Change = Callable[..., NDArray[np.float32]]
"""`augmented` or `strongly_augmented`."""


@dataclass(frozen=True)
class OwnBatch:
    """What this process learns from a batch."""

    batch: Batch
    weight: float
    """Of its mean loss: the mean over processes of weight × loss is the loss of the whole batch."""
    images: int
    """How many images the whole batch holds."""
    known: int
    """How many of them have a label."""

    @property
    def counted(self) -> int:
        """How many images this process answers for: none where it only keeps the others company."""
        return len(self.batch.positions) if self.weight else 0


class EpochBatches:
    """The batches of one epoch, once through. `images` is how many images they hold in all."""

    def __init__(self, step: Step, number: int, config: TrainConfig, fabric: Fabric, device: torch.device) -> None:
        self._number = number
        self._step, self._augmentation, self._fabric, self._device = step, config.augmentation, fabric, device
        self._generator = np.random.default_rng([config.seed, step.seed, number])
        self._draws = torch.Generator().manual_seed(int(self._generator.integers(2**62)))
        sampler = step.sampler or every_image(len(step.data), config.descent.batch_size)
        self._positions = sampler(self._generator)
        self.images = sum(map(len, self._positions))

    def __len__(self) -> int:
        return len(self._positions)

    def __iter__(self) -> Iterator[OwnBatch]:
        for whole in self._positions:
            share, weight = own_share(whole, self._fabric)
            known = int((self._step.data.labels[whole] >= 0).sum())
            yield OwnBatch(self._batch(whole, share), weight, len(whole), known)

    def _batch(self, whole: NDArray[np.int64], share: NDArray[np.int64]) -> Batch:
        """The images at `share` of the batch `whole` (B,), with their labels; numbers are drawn for all of it."""
        data, step, positions = self._step.data, self._step, whole[share]
        images = self._sized(data.images[data.rows[positions]])
        pixels = self._changed(augmented, images, self._changes(whole)[share])
        strong = None
        if step.strong:
            changed = self._changed(strongly_augmented, images, self._changes(whole)[share])
            strong = to_tensor(changed, self._device)
        return Batch(
            images=to_tensor(pixels, self._device),
            labels=torch.from_numpy(data.labels[positions]).to(self._device),
            others={name: torch.from_numpy(found[positions]).to(self._device) for name, found in data.others.items()},
            positions=torch.from_numpy(positions),
            draws=self._draws,
            strong=strong,
        )

    def _sized(self, images: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Images (B, H, W, 3), or in the first epochs of some steps such of half the size."""
        if self._number > self._step.half_size_epochs:
            return images
        size = (images.shape[2] // 2, images.shape[1] // 2)
        halves: list[Any] = [cv2.resize(image, size, interpolation=cv2.INTER_AREA) for image in images]
        return np.stack(halves)

    def _changed(self, change: Change, images: NDArray[np.uint8], draws: NDArray[np.float64]) -> NDArray[np.float32]:
        """Images changed by `draws`; of features (B, V, D), one of the views (B, D)."""
        flip = self._step.flip
        if images.dtype == np.uint8:
            return change(images, self._augmentation, draws, flip=flip)
        views = images.shape[1] if flip or not self._augmentation.flip else 1  # the others are flipped
        chosen: NDArray[np.float32] = images[np.arange(len(images)), ((draws[:, 0] + 1) / 2 * views).astype(int)]
        return chosen

    def _changes(self, whole: NDArray[np.int64]) -> NDArray[np.float64]:
        """Random numbers for the changes of a batch's images, (B, DRAWS) in −1..1."""
        return self._generator.uniform(-1, 1, (len(whole), DRAWS))
