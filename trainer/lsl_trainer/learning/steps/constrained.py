"""The step of method coarse-constrained: images with a fine label and images with a coarse one alone, in each batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from torch import Tensor

from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.sampling import Sampler, mixed_batches
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.steps.fine import FineStep
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.losses.constrained import constrained_loss
from lsl_trainer.losses.constraint import constraint_of
from lsl_trainer.losses.guessing import Guessing
from lsl_trainer.losses.trial import left_out
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["ConstrainedStep"]

_FORWARD = 1 / 3
"""What a forward pass alone costs, of one forward and backward."""


class ConstrainedStep(FineStep):
    """Fine classes learnt under coarse constraints (`lsl_trainer.losses.constrained`)."""

    name, seed = "constrained", 7
    any_size, whole_before, until_learnt = False, True, False
    any_size, until_learnt = False, False

    def __init__(self, data: TrainingData, config: TrainConfig) -> None:
        """The constraint holds the sets that training images have."""
        super().__init__(data, config)
        self._constraint = constraint_of(data)

    @property
    def data(self) -> Labelled:
        """All images with a coarse label, and the fine labels of those that have one."""
        return self.training.constrained

    @property
    def outputs(self) -> int:
        """One for each fine class, and one for each set without any."""
        return self._constraint.outputs

    @property
    def epochs(self) -> int:
        """--constrained-epochs"""
        return self.config.epochs.constrained_epochs

    @property
    def sampler(self) -> Sampler:
        """Batches of both kinds of images. Labelled ones that are left out for a while count among the others."""
        settings = self.config.constrained
        share, out = settings.labelled_share, left_out(self.data.labels)
        labels = np.where(out & (settings.trial > 0), -1, self.data.labels)
        return mixed_batches(labels, self.config.descent.batch_size, share)

    @property
    def further_passes(self) -> float:
        """Forward passes of the weakly changed images from which pseudo-labels are guessed."""
        return _FORWARD * (self.epochs * int((self.data.labels < 0).sum()))

    def begin(self, network: Network, reference_sets: Tensor | None = None) -> Step:
        """The constrained loss, with a second view of each image, and a memory of its guesses."""
        config = self.config
        batches = self.epochs * len(self.sampler(np.random.default_rng(0)))
        guessing = Guessing(self._constraint, self.data, config.constrained, batches)
        loss, memory = constrained_loss(
            self._constraint,
            self.data,
            config.constrained,
            config.regularization,
            config.references.similarity_temperature,
            guessing,
        )
        step = self.step(loss, config.descent.learning_rate, self.training.fine_outputs)
        return replace(step, strong=True, memory=memory, finish=guessing.level)
