"""L_CE, the loss of both parts of step one."""

from __future__ import annotations

from torch import Tensor

from lsl_trainer.data.batch import Batch, Loss
from lsl_trainer.data.mixing import dropped, mixed
from lsl_trainer.losses.ordinal import ordinal_loss
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import Regularization

__all__ = ["cross_entropy"]


def cross_entropy(settings: Regularization, *, ordered: bool = False) -> Loss:
    """L_CE (eq. 3), the mean over the batch; for classes in order with the ordinal loss of the settings."""

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        mixture = mixed(batch.images, batch.labels, settings, batch.draws)
        logits, features = network(mixture.images)
        if settings.feature_dropout:
            logits = network.classify(dropped(features, settings.feature_dropout, batch.draws))
        total = mixture.cross_entropy(logits, settings.label_smoothing)
        if ordered and settings.ordinal_weight:
            own, other = (ordinal_loss(logits, labels) for labels in (mixture.labels, mixture.others))
            total = total + settings.ordinal_weight * (mixture.share * own + (1 - mixture.share) * other)
        return total, logits

    return loss
