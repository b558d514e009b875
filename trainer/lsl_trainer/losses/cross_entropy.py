"""L_CE, the loss of both parts of step one."""

from __future__ import annotations

from torch import Tensor

from lsl_trainer.data.batch import Batch, Loss
from lsl_trainer.data.mixing import dropped, mixed
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["cross_entropy"]


def cross_entropy(config: TrainConfig) -> Loss:
    """L_CE (eq. 3), the mean over the batch."""

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        mixture = mixed(batch.images, batch.labels, config, batch.draws)
        logits, features = network(mixture.images)
        if config.feature_dropout:
            logits = network.classify(dropped(features, config.feature_dropout, batch.draws))
        return mixture.cross_entropy(logits, config.label_smoothing), logits

    return loss
