"""Algorithm 1 of the paper: coarse labels, then fine labels on the same F, then the reference sets."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np
import torch
import torch.nn.functional as F
from lightning_fabric import Fabric
from torch import Tensor, nn

from lsl_shared.errors import ConfigError
from lsl_trainer.calibration.temperature import softmax
from lsl_trainer.data.batch import Labelled, Loss
from lsl_trainer.data.further_tasks import never_carried
from lsl_trainer.data.load import TrainingData
from lsl_trainer.data.sampling import Sampler
from lsl_trainer.learning.backbones import EFFICIENTNET, transferred_network
from lsl_trainer.learning.checkpoint import Checkpoint
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.learner import Learner, Step
from lsl_trainer.learning.linear_head import fit_head
from lsl_trainer.learning.processes import one_process
from lsl_trainer.losses.constrained import (
    Constraint,
    constrained_loss,
    labels_together,
    mixed_batches,
    without_extra_outputs,
)
from lsl_trainer.losses.cross_entropy import cross_entropy
from lsl_trainer.losses.feature_level import combined_loss
from lsl_trainer.losses.multi_task import multi_task_loss
from lsl_trainer.losses.references import ReferenceWarning, select_references
from lsl_trainer.networks.gabor import gabor_network
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["TwoStepTraining", "channel_statistics"]

_SAMPLED_IMAGES = 512
_LISTED = 10
_STEPS = {
    "plain": ("fine",),
    "data-level": ("coarse", "fine"),
    "feature-level": ("coarse", "fine", "feature"),
    "gabor": (),
    "coarse-constrained": ("coarse", "constrained"),
}
_SEEDS = {"coarse": 3, "fine": 4, "feature": 5, "constrained": 7}
_FORWARD = 1 / 3


class TwoStepTraining:
    """One run of the algorithm. `network` is what has been learnt so far; `notes` what a person should know.

    `step_finished`: whether the epoch that `run` just yielded was its step's last.
    """

    def __init__(self, data: TrainingData, config: TrainConfig, fabric: Fabric | None = None) -> None:
        self.data, self.config, self._fabric = data, config, fabric or one_process()
        self.steps = _steps(config)
        self.notes: list[str] = _data_notes(data)
        self.reference_sets: Tensor | None = None
        self.step_finished = False
        self._resumed: Checkpoint | None = None
        self._constraint, self._together = _constraint_of(data, config, self._fabric)
        self.network: Network = self._new_network().to(self._fabric.device)
        if _gains_from_channels_last(config):
            # Faster; but torch 2.13 crashes in the gradient of narrower strided 1×1 convolutions with channels last.
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def writes(self) -> bool:
        """Whether this process writes for all: the first one does."""
        return self._fabric.is_global_zero

    @property
    def total_images(self) -> int:
        """Images that pass through the training steps in all."""
        if self.config.method == "gabor":
            return len(self.data.fine)
        return sum(self._epochs(name) * self._images(name) for name in self.steps)

    @property
    def total_passes(self) -> float:
        """Forward and backward passes of single images in all: those of `total_images`, and what a step adds to them.

        Those are the references of step two, and the weakly changed images that pseudo-labels are guessed from.
        """
        if "constrained" in self.steps:
            guessed = self._epochs("constrained") * int((self._data("constrained").labels < 0).sum())
            return self.total_images + _FORWARD * guessed
        if "feature" not in self.steps:
            return self.total_images
        per_set = len(np.unique(self.data.fine.labels))
        references = (
            per_set if self.config.references.reference_draw == "sample" else per_set / self.config.descent.batch_size
        )
        return self.total_images + self.config.epochs.feature_epochs * len(self.data.fine) * references

    @property
    def images_done(self) -> int:
        """Images that passed before the checkpoint that `resume` was given."""
        if self._resumed is None:
            return 0
        before = self.steps[: self.steps.index(self._resumed.step)]
        done = sum(self._epochs(name) * self._images(name) for name in before)
        return done + self._resumed.epoch * self._images(self._resumed.step)

    def is_done(self, epoch: Epoch) -> bool:
        """Whether an epoch lies before the checkpoint that `resume` was given."""
        if self._resumed is None:
            return False
        place, resumed = self.steps.index(epoch.step), self.steps.index(self._resumed.step)
        return place < resumed or (place == resumed and epoch.number <= self._resumed.epoch)

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
            learner = Learner(self.network, self._step(name), self.config, self._fabric)
            if resumed:
                learner.restore(resumed.optimizer, resumed.epoch)
            for epoch in learner.epochs(on_images):
                self.step_finished = learner.finished
                yield epoch, self._checkpoint(epoch, learner)
        if self.config.method == "gabor":
            fit_head(self.network, self.data.fine, on_images)
        self.network = without_extra_outputs(self.network, self._outputs)
        self.network.eval()

    def _new_network(self) -> Network:
        data, config = self.data, self.config
        if config.method == "gabor":
            return gabor_network(data.image_size, len(data.fine_space))
        first = self.steps[0]
        if config.transfer.backbone:
            return transferred_network(config, data.image_size, self._classes(first))
        torch.manual_seed(config.seed)
        return residual_network(
            config.network, data.image_size, self._classes(first), *channel_statistics(self._data(first))
        )

    def _step(self, name: str) -> Step:
        """Line 1 of Algorithm 1 (coarse), line 2 (fine), or line 4 (feature)."""
        config, data, loss = self.config, self._data(name), cross_entropy(self.config.regularization)
        rate = config.descent.learning_rate
        if name == "feature":
            loss, rate = self._second_loss(), config.descent.feature_learning_rate
        if name != "coarse" and self.data.further:
            loss = multi_task_loss(loss, self.data.fine_outputs, self.data.further, data, self._weights)
        step = Step(
            name, data, loss, self._epochs(name), rate, flip=name != "feature", seed=_SEEDS[name],
            loss_aside=self._loss_aside(name),
        )  # fmt: skip
        if name != "constrained":
            return step
        assert self._constraint is not None
        loss, memory = constrained_loss(self._constraint, data, config)
        return replace(step, loss=loss, sampler=self._batches(data), strong=True, memory=memory)

    def _second_loss(self) -> Loss:
        """L_CE + L_S (eq. 7), the loss of step two."""
        assert self.reference_sets is not None
        return combined_loss(self._data("feature"), self.reference_sets, self.config)

    def _loss_aside(self, name: str) -> Callable[[Network], float] | None:
        """L_CE of the images kept aside from a step; None where there are none."""
        aside = self.data.coarse_aside if name == "coarse" else self.data.fine_aside
        classes = self._classes(name) if name == "coarse" else self.data.fine_outputs
        if not len(aside):
            return None

        def loss(network: Network) -> float:
            logits = logits_of(network, aside.images, aside.rows)[:, :classes]
            return float(F.cross_entropy(logits, torch.from_numpy(aside.labels)))

        return loss

    def _batches(self, data: Labelled) -> Sampler:
        """Those of step constrained."""
        return mixed_batches(data.labels, self.config.descent.batch_size, self.config.constrained.labelled_share)

    def _images(self, name: str) -> int:
        """How many images an epoch of a step holds."""
        data = self._data(name)
        if name != "constrained":
            return len(data)
        return sum(map(len, self._batches(data)(np.random.default_rng(0))))

    def _data(self, name: str) -> Labelled:
        if name == "constrained":
            assert self._together is not None
            return self._together
        return self.data.coarse if name == "coarse" else self.data.fine

    def _epochs(self, name: str) -> int:
        return int(getattr(self.config.epochs, f"{name}_epochs"))

    def _classes(self, name: str) -> int:
        """How many outputs the head has in a step."""
        if name == "coarse":
            assert self.data.coarse_space is not None
            return len(self.data.coarse_space)
        return self._constraint.outputs if name == "constrained" and self._constraint else self._outputs

    @property
    def _outputs(self) -> int:
        """How many outputs the head has in the end."""
        return self.data.fine_outputs + sum(len(task.space) for task in self.data.further)

    @property
    def _weights(self) -> tuple[float, ...]:
        """Of the losses of the fine task and the further ones; () learns them. Terms alone have nothing to weigh."""
        return (1.0, 1.0) if self.data.terms_alone else self.config.labels.task_weights

    def _set_head(self, name: str) -> None:
        """Keeps F and puts a new G on it where the classes change: G_s in the place of G_t."""
        if self.network.head.out_features != self._classes(name) or (
            name in ("fine", "constrained") and "coarse" in self.steps
        ):
            torch.manual_seed(self.config.seed + 1)
            self.network = self.network.with_head(self._classes(name))
        learnt = name != "coarse" and self.data.further and not self._weights
        if learnt and self.network.log_variances is None:
            self.network.log_variances = nn.Parameter(self.network.mean.new_zeros(1 + len(self.data.further)))

    def _select_references(self) -> Tensor:
        """Line 3: reference sets from the network after step one, in eval mode, on unaugmented images."""
        fine, config = self.data.fine, self.config
        logits = logits_of(self.network, fine.images, fine.rows)[:, : len(self.data.fine_space)]
        probabilities = softmax(logits.numpy())
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always", ReferenceWarning)
            sets = select_references(
                torch.from_numpy(probabilities),
                torch.from_numpy(fine.labels),
                config.references.threshold,
                config.references.reference_sets,
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
                f"{self.config.references.threshold}; the most confident one of each is its only reference"
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


def _steps(config: TrainConfig) -> tuple[str, ...]:
    steps = _STEPS[config.method]
    return steps if config.epochs.pretrain or config.method != "coarse-constrained" else ("constrained",)


def _constraint_of(
    data: TrainingData, config: TrainConfig, fabric: Fabric
) -> tuple[Constraint | None, Labelled | None]:
    """What step constrained learns from: which fine classes coarse labels allow, and the images with both labels."""
    if config.method != "coarse-constrained":
        return None, None
    if fabric.world_size > 1:
        raise ConfigError("--method coarse-constrained runs in one process, for it remembers its guesses")
    assert data.coarse_space is not None
    constraint = Constraint.of(data.fine_space, data.coarse_space, np.unique(data.coarse.labels).tolist())
    return constraint, labels_together(data.coarse, data.fine, data.coarse_space.name)


def _gains_from_channels_last(config: TrainConfig) -> bool:
    if config.transfer.backbone:
        return config.transfer.backbone == EFFICIENTNET
    return min(config.network.widths) >= 16 or config.network.pooled_shortcut


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
    for task in data.further:
        if task.terms and (never := never_carried(task, data.fine.others[task.name])):
            notes.append(
                f"no training image carries these terms of {task.name}, so none is ever chosen: {_listed(never)}"
            )
    return notes


def _listed(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_LISTED])
    return f"{shown} and {len(names) - _LISTED} more" if len(names) > _LISTED else shown
