"""Two other ways to learn from fine and coarse labels at once, which the trainer does not have."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.data.batch import Batch, Loss
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig

__all__ = ["contrastive", "two_heads"]


def two_heads(config: TrainConfig, fine: int) -> Loss:
    """L_CE of the fine labels plus L_CE of the coarse ones, both on the same F."""

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        logits, _ = network(batch.images)
        (coarse,) = batch.others.values()
        known, smoothing = batch.labels >= 0, config.regularization.label_smoothing
        total = F.cross_entropy(logits[known, :fine], batch.labels[known], label_smoothing=smoothing)
        return total + F.cross_entropy(logits[:, fine:], coarse, label_smoothing=smoothing), logits[:, :fine]

    return loss


def contrastive(temperature: float = 0.1) -> Loss:
    """Supervised contrastive loss of two views (Khosla et al. 2020).

    Two images count as alike if their fine labels are equal or, where one has none, their coarse labels.
    """

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        assert batch.strong is not None
        logits, _ = network(torch.cat([batch.images, batch.strong]))
        projected = F.normalize(logits, dim=1)
        (coarse,) = (labels.repeat(2) for labels in batch.others.values())
        fine = batch.labels.repeat(2)
        both = (fine[:, None] >= 0) & (fine >= 0)
        alike = torch.where(both, fine[:, None] == fine, coarse[:, None] == coarse).fill_diagonal_(False)
        similarity = (projected @ projected.T / temperature).fill_diagonal_(-torch.inf)
        log_probability = similarity.log_softmax(1).masked_fill(~alike, 0)
        return -(log_probability.sum(1) / alike.sum(1).clamp(min=1)).mean(), logits[: len(batch.labels)]

    return loss
