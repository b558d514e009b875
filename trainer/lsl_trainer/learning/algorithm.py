"""A training by the plan of its method: one step after the other, each on the F of the one before."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from lightning_fabric import Fabric
from torch import Tensor

from lsl_shared.errors import ConfigError
from lsl_trainer.data.notes import data_notes
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.frozen.features import FrozenFeatures
from lsl_trainer.frozen.head import FROZEN_VIEWS, HeadOnFeatures, images_to_compute, is_frozen, on_features
from lsl_trainer.learning.backbones import EFFICIENTNET
from lsl_trainer.learning.checkpoint import Checkpoint
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.half_size import set_half_size_epochs
from lsl_trainer.learning.learner import Learner
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.learning.plan import Fitting, Plan, plan_of
from lsl_trainer.learning.processes import one_process
from lsl_trainer.learning.steps.planned import PlannedStep
from lsl_trainer.networks.adapters import merge_adapters
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["TwoStepTraining"]


class TwoStepTraining:
    """One run of a method: Algorithm 1 of the paper, where the method is feature-level.

    `planned` are its steps. `network` is what has been learnt so far, `notes` what a person should know of it, and
    `reference_sets`, int64 (n_sets, K), those of step two, indices into `data.fine`. `step_finished` says whether the
    epoch that `run` just yielded was its step's last. `left_out` is what was said of genes left out in turn, if any.
    """

    def __init__(
        self,
        data: TrainingData,
        config: TrainConfig,
        fabric: Fabric | None = None,
        plan: Plan | None = None,
        features: Path | None = None,
    ) -> None:
        """`plan` is that of `config.method` unless another is given; `features` is the folder of a frozen F's."""
        self.data, self.config, self._fabric = data, config, fabric or one_process()
        self.plan = plan or plan_of(config.method)
        if self._fabric.world_size > 1 and self.plan.one_process:
            raise ConfigError(f"--method {self.plan.name} runs in one process, for {self.plan.one_process}")
        self.notes: list[str] = data_notes(data)
        self.reference_sets: Tensor | None = None
        self.left_out: LeftOut | None = None
        self.step_finished = False
        self.planned = tuple(self.plan.steps(data, config))
        set_half_size_epochs(self.planned, config, data.image_size)
        self._resumed: Checkpoint | None = None
        self._learner: Learner | None = None
        self.network: Network = self.plan.network(data, config, self.planned).to(self._fabric.device)
        self.frozen = config.transfer.freeze and bool(self.planned) and is_frozen(self.network)
        self._features = features
        if _gains_from_channels_last(config):
            # Faster; but torch 2.13 crashes in the gradient of narrower strided 1×1 convolutions with channels last.
            self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def steps(self) -> tuple[str, ...]:
        """The names of its steps, in order."""
        return tuple(step.name for step in self.planned)

    @property
    def writes(self) -> bool:
        """Whether this process writes for all: the first one does."""
        return self._fabric.is_global_zero

    @property
    def total_images(self) -> int:
        """Images that pass through the training in all; where F is frozen, those whose features are computed."""
        if self.frozen:
            return images_to_compute(self.data, FROZEN_VIEWS)
        views = 4 if self.config.transfer.turned else 1
        fitted = views * len(self.data.learnt_rows) if self.plan.fit else 0
        return fitted + sum(step.epochs * step.images for step in self.planned)

    @property
    def total_passes(self) -> float:
        """Forward and backward passes of single whole images in all; where F is frozen, forward passes alone."""
        if self.frozen or self.plan.fit:
            return self.total_images
        return sum(step.cost for step in self.planned)

    def passes(self, images: int) -> float:
        """What so many images cost which have just been counted, in passes of whole ones; or those done before."""
        if self.frozen or self.plan.fit:
            return images
        if self._learner is None:
            return self.passes_done
        planned = next(step for step in self.planned if step.name == self._learner.step.name)
        return images * planned.cost_in_epoch(self._learner.done + 1)

    @property
    def passes_done(self) -> float:
        """Of `total_passes`, those before the checkpoint that `resume` was given."""
        if self._resumed is None or self.frozen or self.plan.fit:
            return 0
        place = self.steps.index(self._resumed.step)
        of_epochs = map(self.planned[place].cost_in_epoch, range(1, self._resumed.epoch + 1))
        return sum(step.cost for step in self.planned[:place]) + self.planned[place].images * sum(of_epochs)

    @property
    def images_done(self) -> int:
        """Images that passed before the checkpoint that `resume` was given."""
        if self._resumed is None or self.frozen:
            return 0
        place = self.steps.index(self._resumed.step)
        done = sum(step.epochs * step.images for step in self.planned[:place])
        return done + self._resumed.epoch * self.planned[place].images

    def is_done(self, epoch: Epoch) -> bool:
        """Whether an epoch lies before the checkpoint that `resume` was given."""
        if self._resumed is None:
            return False
        place, resumed = self.steps.index(epoch.step), self.steps.index(self._resumed.step)
        return place < resumed or (place == resumed and epoch.number <= self._resumed.epoch)

    def resume(self, checkpoint: Checkpoint) -> None:
        """Goes on after `checkpoint`, to the same end as if nothing had happened."""
        self._resumed, self.notes, self.reference_sets = checkpoint, list(checkpoint.notes), checkpoint.reference_sets
        self._set_head(self.steps.index(checkpoint.step))
        self.network.load_state_dict(checkpoint.weights)

    def run(self, on_images: Callable[[int], None]) -> Iterator[tuple[Epoch, Checkpoint]]:
        """Runs all steps of the method; yields each epoch as it ends, with all that is needed to go on after it.

        `on_images` counts images within it.
        """
        start = self.steps.index(self._resumed.step) if self._resumed else 0
        if self.frozen:
            self.planned, on_images = self._planned_on_features(on_images), _uncounted
        for place in range(start, len(self.planned)):
            self._learner = learner = self._begin(place)
            for epoch in learner.epochs(on_images):
                self.step_finished = learner.finished
                yield epoch, self._checkpoint(epoch, learner)
        if self.plan.fit:
            self.left_out = self.plan.fit(Fitting(self.network, self.data, self.config, self._features, on_images))
        self.network = self.network.with_first_outputs(self.data.outputs)
        merge_adapters(self.network)
        self.network.eval()

    def _planned_on_features(self, on_images: Callable[[int], None]) -> tuple[PlannedStep, ...]:
        """The steps over features in place of images; the first process computes them for all where they are kept."""
        features, changes = FrozenFeatures(self.network, self._features), self.config.augmentation
        with self._fabric.rank_zero_first():
            found = on_features(self.data, features, changes, FROZEN_VIEWS, on_images)
        return tuple(self.plan.steps(found, self.config))

    def _begin(self, place: int) -> Learner:
        """The learner of a step, afresh or where the checkpoint left it."""
        planned, resumed = self.planned[place], self._resumed
        if resumed is not None and resumed.step == planned.name:
            network = self._learning
            step = planned.begin(network, self.reference_sets)
            learner = Learner(network, step, self.config, self._fabric)
            learner.restore(resumed.optimizer, resumed.epoch)
            return learner
        self._set_head(place)
        network = self._learning
        step = planned.begin(network)
        self.notes += step.notes
        if step.reference_sets is not None:
            self.reference_sets = step.reference_sets
        return Learner(network, step, self.config, self._fabric)

    @property
    def _learning(self) -> Network:
        """What learns: the network, or its head alone."""
        return HeadOnFeatures(self.network) if self.frozen else self.network

    def _set_head(self, place: int) -> None:
        self.network = self.planned[place].headed(self.network, first=place == 0)

    def _checkpoint(self, epoch: Epoch, learner: Learner) -> Checkpoint:
        return Checkpoint(
            step=epoch.step,
            epoch=epoch.number,
            weights=self.network.state_dict(),
            optimizer=learner.state(),
            reference_sets=self.reference_sets,
            notes=tuple(self.notes),
        )


def _uncounted(images: int) -> None:
    """An epoch over features takes no time to speak of."""


def _gains_from_channels_last(config: TrainConfig) -> bool:
    if config.transfer.backbone:
        return config.transfer.backbone == EFFICIENTNET
    return min(config.network.widths) >= 16 or config.network.pooled_shortcut
