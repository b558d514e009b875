"""A step before it begins: what it will learn from, for how long, and under which head."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lsl_trainer.data.batch import Labelled, Loss
from lsl_trainer.data.sampling import Sampler, sampler_of
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.steps.step import Step
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["HALF_SIZE_COST", "PlannedStep"]

HALF_SIZE_COST = 0.3
"""A pass of an image of half the size, in passes of a whole one: a quarter of the pixels, and what a batch costs."""


class PlannedStep(ABC):
    """A kind of step for the data and the settings of one training."""

    name: str
    """As checkpoints, curves and the report know it; unique in a plan."""
    seed: int
    """Of all that is random in it; unique in a plan."""
    new_head = False
    """Whether it puts a new head on the F of the step before, even for as many outputs."""
    fine_labels = True
    """Whether it learns fine labels, and not coarse ones alone."""
    flip = True
    """Whether its images are flipped, if the settings have it."""
    any_size = True
    """Whether it may learn from images of half the size."""
    whole_before = False
    """Whether the steps before it may not either."""
    until_learnt = False
    """Whether it ends once it names every training image right, if the settings have it."""
    half_size_epochs = 0
    """How many of its epochs, the first ones, learn from images of half the size."""

    def __init__(self, data: TrainingData, config: TrainConfig) -> None:
        """`data` are those of the whole training."""
        self.training, self.config = data, config

    @property
    @abstractmethod
    def data(self) -> Labelled:
        """The images that it learns from."""

    @property
    @abstractmethod
    def aside(self) -> Labelled:
        """The images that say when it ends early; none where it learns all its epochs."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """How many outputs the head has in it."""

    @property
    @abstractmethod
    def epochs(self) -> int:
        """How many epochs it learns at most."""

    @abstractmethod
    def begin(self, network: Network, reference_sets: Tensor | None = None) -> Step:
        """What is to be learnt from now on. `reference_sets` are those of a checkpoint within this step."""

    @property
    def sampler(self) -> Sampler:
        """What the batches of an epoch hold."""
        return sampler_of(self.config.labels.sampling, self.data.labels, self.config.descent.batch_size)

    @property
    def images(self) -> int:
        """How many images an epoch holds."""
        return sum(map(len, self.sampler(np.random.default_rng(0))))

    @property
    def cost(self) -> float:
        """All its epochs, in forward and backward passes of single images of full size."""
        return self.images * sum(map(self.cost_in_epoch, range(1, self.epochs + 1)))

    def cost_in_epoch(self, number: int) -> float:
        """What an image costs in an epoch, from 1, in passes of whole images."""
        own = HALF_SIZE_COST if number <= self.half_size_epochs else 1.0
        return own + self.further_passes / (self.epochs * self.images)

    @property
    def further_passes(self) -> float:
        """Forward and backward passes of single images that it makes beside those of its batches, in all epochs."""
        return 0.0

    @property
    def learnt_weights(self) -> int:
        """Of how many losses it learns the weights."""
        return 0

    def headed(self, network: Network, *, first: bool) -> Network:
        """The network for this step, the `first` of its training or a later one: its F, under a new head if need be."""
        if network.head.out_features != self.outputs or (self.new_head and not first):
            torch.manual_seed(self.config.seed + 1)
            network = network.with_head(self.outputs)
        if self.learnt_weights and network.log_variances is None:
            network.log_variances = nn.Parameter(network.mean.new_zeros(self.learnt_weights))
        return network

    def step(self, loss: Loss, learning_rate: float, classes: int) -> Step:
        """The step with a loss; `classes` is the number of outputs, the first ones, that `aside` has labels of."""
        return Step(
            name=self.name,
            data=self.data,
            loss=loss,
            epochs=self.epochs,
            learning_rate=learning_rate,
            flip=self.flip,
            seed=self.seed,
            sampler=self.sampler,
            half_size_epochs=self.half_size_epochs,
            image_size=self.training.image_size,
            until_learnt=self.until_learnt and self.config.epochs.until_learnt,
            loss_aside=_loss_aside(self.aside, classes) if len(self.aside) else None,
        )


def _loss_aside(aside: Labelled, classes: int) -> Callable[[Network], float]:
    """L_CE of the images kept aside from a step."""

    def loss(network: Network) -> float:
        logits = logits_of(network, aside.images, aside.rows)[:, :classes]
        return float(F.cross_entropy(logits, torch.from_numpy(aside.labels)))

    return loss
