"""Fine classes learnt under coarse constraints: an image without a fine label still says which few it may have.

A batch holds images with a fine label and images without one. The former give L_CE (eq. 3). The latter, strongly
changed, give the likelihood of their coarse labels, −log of the sum over the fine classes that these allow together,
and L_CE with a pseudo-label: that of these classes of which the network, in eval mode, is confident when the image is
weakly changed (`lsl_trainer.losses.guessing`). For ordered classes both parts also give the expected distance from what
the labels allow. A coarse class without fine classes gets an output of its own, which is dropped at the end.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.data.batch import Batch, Labelled, Loss
from lsl_trainer.data.mixing import dropped
from lsl_trainer.data.training_data import ALLOWED
from lsl_trainer.losses.constraint import Constraint
from lsl_trainer.losses.guessing import Guessing
from lsl_trainer.losses.partial_labels import distance_loss, distances, partial_label_loss
from lsl_trainer.losses.similarity import similarity_loss
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import Constrained, Regularization

__all__ = [
    "Constraint",
    "constrained_loss",
    "similarity_in_batch",
]


def constrained_loss(
    constraint: Constraint,
    data: Labelled,
    settings: Constrained,
    regularization: Regularization,
    temperature: float = 1.0,
    guessing: Guessing | None = None,
) -> tuple[Loss, dict[str, Tensor]]:
    """The loss, and what it remembers: `Guessing.memory`.

    `temperature` is that of the similarity loss, where the settings have it. `guessing` makes the pseudo-labels; where
    it is not given, they count from the first batch on, and are never on trial.
    """
    guessing = guessing or Guessing(constraint, data, settings)

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        truth, batch = batch.labels, guessing.begin(batch)
        here, known = constraint.to(batch.labels.device), batch.labels >= 0
        allowed = _allowed(batch, here)
        labels = guessing.labels(network, batch, allowed, truth)
        as_images = known.view(-1, *[1] * (batch.images.dim() - 1))
        features = network.features(torch.where(as_images, batch.images, batch.second_view))
        logits = network.classify(dropped(features, regularization.feature_dropout, batch.draws))
        entropy = F.cross_entropy(
            logits, labels, ignore_index=-1, label_smoothing=regularization.label_smoothing, reduction="none"
        )
        total = _mean(entropy, known) + settings.pseudo_weight * _mean(entropy, ~known)
        total = total + settings.partial_weight * _mean(partial_label_loss(logits, allowed), ~known)
        if here.ordered and settings.order_weight:
            distance = distances(allowed[:, : here.n_fine])
            total = total + settings.order_weight * distance_loss(logits, distance).mean()
        if settings.similarity_weight:
            total = total + settings.similarity_weight * similarity_in_batch(features, labels, known, temperature)
        return total, logits

    return loss, guessing.memory


def similarity_in_batch(features: Tensor, labels: Tensor, known: Tensor, temperature: float) -> Tensor:
    """L_S (eq. 6) of a batch against its own labelled images, the first of each class; 0 where they are of one class.

    `features` (B, D); `labels` int64 (B,), −1 unknown; `known` bool (B,): which labels a person gave. Images of other
    classes, and the references themselves, take no part.
    """
    classes = labels[known].unique()
    first = [int(((labels == label) & known).nonzero()[0]) for label in classes]
    column = torch.full((int(labels.max()) + 2,), -1, device=labels.device)
    column[classes] = torch.arange(len(classes), device=labels.device)
    own = column[labels]  # (B,); −1, the last entry, for −1
    own[first] = -1
    if len(classes) < 2 or not (own >= 0).any():
        return features.new_zeros(())
    return similarity_loss(features[own >= 0], features[first], own[own >= 0], temperature)


def _allowed(batch: Batch, constraint: Constraint) -> Tensor:
    """bool (B, K + A): the fine class of images that have one, else all that the coarse labels allow."""
    own = F.one_hot(batch.labels.clamp(min=0), constraint.outputs).bool()
    return torch.where((batch.labels >= 0)[:, None], own, constraint.allowed[batch.others[ALLOWED]])


def _mean(losses: Tensor, chosen: Tensor) -> Tensor:
    """The mean of the chosen ones of losses (B,); 0 without any."""
    return (losses * chosen).sum() / chosen.sum().clamp(min=1)
