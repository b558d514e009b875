"""Algorithm 1 of the paper: coarse labels, then fine labels on the same F, then the reference sets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor

from lsl_trainer.calibration import softmax
from lsl_trainer.config import TrainConfig
from lsl_trainer.data import TrainingData
from lsl_trainer.feature_level import combined_loss
from lsl_trainer.learn import Epoch, Labelled, cross_entropy, learn, logits_of
from lsl_trainer.networks import Network, residual_network
from lsl_trainer.references import ReferenceWarning, select_references

__all__ = ["TwoStepTraining"]

_SAMPLED_IMAGES = 512
_STEP_SEEDS = {"coarse": 3, "fine": 4, "feature": 5}


class TwoStepTraining:
    """One run of the algorithm. `network` is what has been learnt so far; `notes` what a person should know."""

    def __init__(self, data: TrainingData, config: TrainConfig, device: torch.device) -> None:
        self.data, self.config = data, config
        self.notes: list[str] = []
        torch.manual_seed(config.seed)
        first = data.fine if config.method == "plain" or data.coarse_space is None else data.coarse
        space = data.fine_space if first is data.fine or data.coarse_space is None else data.coarse_space
        network = residual_network(config.network, data.image_size, len(space), *channel_statistics(first))
        self.network: Network = network.to(device)
        if min(config.network.widths) >= 16 or config.network.pooled_shortcut:
            # Faster; but torch 2.13 crashes in the gradient of narrower strided 1×1 convolutions with channels last.
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.reference_sets: Tensor | None = None

    @property
    def total_images(self) -> int:
        """Images that pass through the training steps in all."""
        data, config = self.data, self.config
        coarse = config.coarse_epochs * len(data.coarse) if config.method != "plain" else 0
        feature = config.feature_epochs * len(data.fine) if config.method == "feature-level" else 0
        return coarse + config.fine_epochs * len(data.fine) + feature

    @property
    def total_passes(self) -> float:
        """Forward and backward passes of single images in all: those of `total_images`, and the references'."""
        if self.config.method != "feature-level":
            return self.total_images
        per_set = len(np.unique(self.data.fine.labels))
        references = per_set if self.config.reference_draw == "sample" else per_set / self.config.batch_size
        return self.total_images + self.config.feature_epochs * len(self.data.fine) * references

    def run(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
        """Runs all steps of the method and yields each epoch as it ends; `on_images` counts images within it."""
        method = self.config.method
        if method != "plain":
            yield from self._learn_coarse(on_images)
            self.network = self.network.with_head(len(self.data.fine_space))
        yield from self._learn_fine(on_images)
        if method == "feature-level":
            yield from self._learn_features(on_images)
        self.network.eval()

    def _learn_coarse(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
        """Line 1: train G_t(F) on D_t."""
        config = self.config
        return learn(
            self.network, self.data.coarse, cross_entropy(config), config, step="coarse", epochs=config.coarse_epochs,
            learning_rate=config.learning_rate, generator=self._generator("coarse"), flip=True, on_images=on_images,
        )  # fmt: skip

    def _learn_fine(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
        """Line 2: train G_s(F) on D_s."""
        config = self.config
        return learn(
            self.network, self.data.fine, cross_entropy(config), config, step="fine", epochs=config.fine_epochs,
            learning_rate=config.learning_rate, generator=self._generator("fine"), flip=True, on_images=on_images,
        )  # fmt: skip

    def _learn_features(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
        """Lines 3 and 4: draw the reference sets, fine-tune with L_CE + L_S."""
        config, fine = self.config, self.data.fine
        draws = torch.Generator().manual_seed(config.seed)
        self.reference_sets = self._select_references(draws)
        loss = combined_loss(fine, self.reference_sets, config, draws)
        return learn(
            self.network, fine, loss, config, step="feature", epochs=config.feature_epochs,
            learning_rate=config.feature_learning_rate, generator=self._generator("feature"), flip=False,
            on_images=on_images,
        )  # fmt: skip

    def _select_references(self, draws: torch.Generator) -> Tensor:
        """The reference sets from the network after step one, in eval mode, on unaugmented images."""
        fine, config = self.data.fine, self.config
        probabilities = softmax(logits_of(self.network, fine.images, fine.rows).numpy())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ReferenceWarning)
            sets = select_references(
                torch.from_numpy(probabilities),
                torch.from_numpy(fine.labels),
                config.threshold,
                config.reference_sets,
                draws,
            )
        self._note([warning.message for warning in caught if isinstance(warning.message, ReferenceWarning)])
        return sets

    def _note(self, warned: list[ReferenceWarning]) -> None:
        if warned:
            space = self.data.fine_space
            names = ", ".join(space.classes[warning.class_index] for warning in warned)
            self.notes.append(
                f"no training image of {space.name} {names} is predicted with more than τ = {self.config.threshold}; "
                "the most confident one of each is its only reference"
            )

    def _generator(self, step: str) -> np.random.Generator:
        return np.random.default_rng([self.config.seed, _STEP_SEEDS[step]])


def channel_statistics(data: Labelled) -> tuple[list[float], list[float]]:
    """Mean and deviation of each channel, pixels in 0..1, over at most 512 evenly spaced training images."""
    rows = data.rows[np.unique(np.linspace(0, len(data) - 1, _SAMPLED_IMAGES).astype(int))]
    pixels = data.images[rows].reshape(-1, 3)
    return (pixels.mean(0) / 255).tolist(), np.maximum(pixels.std(0) / 255, 1e-3).tolist()
