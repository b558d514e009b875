"""L_CE, the loss of both parts of step one."""

from __future__ import annotations

from torch import Tensor

from lsl_trainer.data.batch import Batch, Loss
from lsl_trainer.data.mixing import dropped, mixed
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import Regularization

__all__ = ["cross_entropy"]


def cross_entropy(settings: Regularization) -> Loss:
    """L_CE (eq. 3), the mean over the batch."""

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        mixture = mixed(batch.images, batch.labels, settings, batch.draws)
        logits, features = network(mixture.images)
        if settings.feature_dropout:
            logits = network.classify(dropped(features, settings.feature_dropout, batch.draws))
        return mixture.cross_entropy(logits, settings.label_smoothing), logits

    return loss
