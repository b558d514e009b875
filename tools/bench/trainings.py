"""Trains a network from beginning to end, and asks it about the test images."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.frozen.head import answering
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["finished", "finished_on_features", "logits", "share_right"]


def finished(data: TrainingData, config: TrainConfig) -> TwoStepTraining:
    """A training at its end, on the best device."""
    training = TwoStepTraining(data, config, new_fabric(config.descent.precision))
    for _ in training.run(lambda images: None):
        pass
    return training


def finished_on_features(
    data: TrainingData, config: TrainConfig, folder: Path
) -> tuple[TwoStepTraining, Network, TrainingData]:
    """A training on features kept in `folder`; what answers as its network does, and what to ask it with."""
    training = TwoStepTraining(data, config, features=folder)
    for _ in training.run(lambda images: None):
        pass
    return training, *answering(training.network, data, folder)


def logits(network: Network, images: Labelled) -> NDArray[np.float32]:
    """What a network says of labelled images, (n, K)."""
    return np.asarray(logits_of(network, images.images, images.rows).numpy(), np.float32)


def share_right(network: Network, images: Labelled) -> float:
    """The share of labelled images whose class the network gives."""
    return float(np.mean(logits(network, images).argmax(1) == images.labels))
