"""Algorithm 1 of the paper: coarse labels, then fine labels on the same F, then the reference sets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import torch
from torch import Tensor

from lsl_trainer.calibration import softmax
from lsl_trainer.checkpoint import Checkpoint
from lsl_trainer.config import TrainConfig
from lsl_trainer.data import TrainingData
from lsl_trainer.feature_level import combined_loss
from lsl_trainer.gabor import gabor_network
from lsl_trainer.learn import Epoch, Labelled, Learner, Step, cross_entropy, logits_of
from lsl_trainer.linear import fit_head
from lsl_trainer.networks import Network, residual_network
from lsl_trainer.references import ReferenceWarning, select_references

__all__ = ["TwoStepTraining", "channel_statistics"]

_SAMPLED_IMAGES = 512
_LISTED = 10
_STEPS = {
    "plain": ("fine",),
    "data-level": ("coarse", "fine"),
    "feature-level": ("coarse", "fine", "feature"),
    "gabor": (),
}
_SEEDS = {"coarse": 3, "fine": 4, "feature": 5}


class TwoStepTraining:
    """One run of the algorithm. `network` is what has been learnt so far; `notes` what a person should know."""

    def __init__(self, data: TrainingData, config: TrainConfig, device: torch.device) -> None:
        self.data, self.config, self.steps = data, config, _STEPS[config.method]
        self.notes: list[str] = _data_notes(data)
        self.reference_sets: Tensor | None = None
        self._resumed: Checkpoint | None = None
        self.network: Network = self._new_network().to(device)
        if min(config.network.widths) >= 16 or config.network.pooled_shortcut:
            # Faster; but torch 2.13 crashes in the gradient of narrower strided 1×1 convolutions with channels last.
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def total_images(self) -> int:
        """Images that pass through the training steps in all."""
        if self.config.method == "gabor":
            return len(self.data.fine)
        return sum(self._epochs(name) * len(self._data(name)) for name in self.steps)

    @property
    def total_passes(self) -> float:
        """Forward and backward passes of single images in all: those of `total_images`, and the references'."""
        if "feature" not in self.steps:
            return self.total_images
        per_set = len(np.unique(self.data.fine.labels))
        references = per_set if self.config.reference_draw == "sample" else per_set / self.config.batch_size
        return self.total_images + self.config.feature_epochs * len(self.data.fine) * references

    @property
    def images_done(self) -> int:
        """Images that passed before the checkpoint that `resume` was given."""
        if self._resumed is None:
            return 0
        before = self.steps[: self.steps.index(self._resumed.step)]
        done = sum(self._epochs(name) * len(self._data(name)) for name in before)
        return done + self._resumed.epoch * len(self._data(self._resumed.step))

    @property
    def epochs_done(self) -> int:
        """Epochs, of all steps, before the checkpoint that `resume` was given."""
        if self._resumed is None:
            return 0
        before = self.steps[: self.steps.index(self._resumed.step)]
        return sum(map(self._epochs, before)) + self._resumed.epoch

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes on after `checkpoint`, to the same end as if nothing had happened."""
        self._resumed, self.notes, self.reference_sets = checkpoint, list(checkpoint.notes), checkpoint.reference_sets
        self._set_head(checkpoint.step)
        self.network.load_state_dict(checkpoint.weights)

    def run(self, on_images: Callable[[int], None]) -> Iterator[tuple[Epoch, Checkpoint]]:
        """Runs all steps of the method; yields each epoch as it ends, with all that is needed to go on after it.

        `on_images` counts images within it.
        """
        start = self.steps.index(self._resumed.step) if self._resumed else 0
        for name in self.steps[start:]:
            resumed = self._resumed if self._resumed and self._resumed.step == name else None
            if resumed is None:
                self._set_head(name)
                if name == "feature":
                    self.reference_sets = self._select_references()
            learner = Learner(self.network, self._step(name), self.config)
            if resumed:
                learner.restore(resumed.optimizer, resumed.epoch)
            for epoch in learner.epochs(on_images):
                yield epoch, self._checkpoint(epoch, learner)
        if self.config.method == "gabor":
            fit_head(self.network, self.data.fine, on_images)
        self.network.eval()

    def _new_network(self) -> Network:
        data, config = self.data, self.config
        if config.method == "gabor":
            return gabor_network(data.image_size, len(data.fine_space))
        first = self.steps[0]
        torch.manual_seed(config.seed)
        return residual_network(
            config.network, data.image_size, self._classes(first), *channel_statistics(self._data(first))
        )

    def _step(self, name: str) -> Step:
        """Line 1 of Algorithm 1 (coarse), line 2 (fine), or line 4 (feature)."""
        config, data, loss = self.config, self._data(name), cross_entropy(self.config)
        rate = config.learning_rate
        if name == "feature":
            assert self.reference_sets is not None
            loss, rate = combined_loss(data, self.reference_sets, config), config.feature_learning_rate
        return Step(name, data, loss, self._epochs(name), rate, flip=name != "feature", seed=_SEEDS[name])

    def _data(self, name: str) -> Labelled:
        return self.data.coarse if name == "coarse" else self.data.fine

    def _epochs(self, name: str) -> int:
        return int(getattr(self.config, f"{name}_epochs"))

    def _classes(self, name: str) -> int:
        space = self.data.coarse_space if name == "coarse" else self.data.fine_space
        assert space is not None
        return len(space)

    def _set_head(self, name: str) -> None:
        """Keeps F and puts a new G on it where the classes change: G_s in the place of G_t."""
        if self.network.head.out_features != self._classes(name) or (name == "fine" and "coarse" in self.steps):
            torch.manual_seed(self.config.seed + 1)
            self.network = self.network.with_head(self._classes(name))

    def _select_references(self) -> Tensor:
        """Line 3: reference sets from the network after step one, in eval mode, on unaugmented images."""
        fine, config = self.data.fine, self.config
        probabilities = softmax(logits_of(self.network, fine.images, fine.rows).numpy())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ReferenceWarning)
            sets = select_references(
                torch.from_numpy(probabilities),
                torch.from_numpy(fine.labels),
                config.threshold,
                config.reference_sets,
                torch.Generator().manual_seed(config.seed),
            )
        self._note([warning.message for warning in caught if isinstance(warning.message, ReferenceWarning)])
        return sets

    def _note(self, warned: list[ReferenceWarning]) -> None:
        if warned:
            space = self.data.fine_space
            names = _listed([space.classes[warning.class_index] for warning in warned])
            self.notes.append(
                f"no training image of {space.name} {names} is predicted right with more than τ = "
                f"{self.config.threshold}; the most confident one of each is its only reference"
            )

    def _checkpoint(self, epoch: Epoch, learner: Learner) -> Checkpoint:
        return Checkpoint(
            step=epoch.step,
            epoch=epoch.number,
            weights=self.network.state_dict(),
            optimizer=learner.state(),
            reference_sets=self.reference_sets,
            notes=tuple(self.notes),
        )


def channel_statistics(data: Labelled) -> tuple[list[float], list[float]]:
    """Mean and deviation of each channel, pixels in 0..1, over at most 512 evenly spaced training images."""
    rows = data.rows[np.unique(np.linspace(0, len(data) - 1, _SAMPLED_IMAGES).astype(int))]
    pixels = data.images[rows].reshape(-1, 3)
    return (pixels.mean(0) / 255).tolist(), np.maximum(pixels.std(0) / 255, 1e-3).tolist()


def _data_notes(data: TrainingData) -> list[str]:
    notes = []
    if not len(data.test):
        notes.append(f"no labelled image of {data.fine_space.name} is left for the test: nothing tells how good it is")
    if data.straddling:
        notes.append(f"the stored split parts genes, which flatters the test: {_listed(data.straddling)}")
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown
