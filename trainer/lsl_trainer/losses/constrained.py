"""Fine classes learnt under coarse constraints: an image without a fine label still says which few it may have.

A batch holds images with a fine label and images without one. The former give L_CE (eq. 3). The latter, strongly
changed, give the likelihood of their coarse label, −log of the sum over its fine classes, and L_CE with a pseudo-label:
the fine class of that coarse one of which the network, in eval mode, is confident when the image is weakly changed. For
ordered classes both parts also give the expected distance from what the label allows. A coarse class without fine
classes gets an output of its own, which is dropped at the end.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_shared.labels import LabelSpace
from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.batch import Batch, Labelled, Loss
from lsl_trainer.data.mixing import dropped
from lsl_trainer.losses.partial_labels import distance_loss, distances, partial_label_loss
from lsl_trainer.losses.pseudo_labels import class_thresholds, guesses
from lsl_trainer.losses.similarity import similarity_loss
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import Constrained, Regularization

__all__ = [
    "Constraint",
    "constrained_loss",
    "labels_together",
    "similarity_in_batch",
]


@dataclass(frozen=True)
class Constraint:
    """Which outputs each coarse class allows: the fine classes, then one output for each childless coarse class."""

    coarse: str
    """The coarse task's name."""
    allowed: Tensor
    """bool (C, K + A): coarse class × output."""
    n_fine: int
    """K"""
    ordered: bool
    """Whether the fine classes are numbers in ascending order, and the children of each coarse class neighbours."""

    @classmethod
    def of(cls, fine: LabelSpace, coarse: LabelSpace, present: Sequence[int]) -> Constraint:
        """The constraint for training images whose coarse classes are `present`."""
        childless = [k for k in fine.childless(coarse) if k in set(present)]
        columns = torch.tensor([*fine.parent_index, *childless])
        ordered = is_ordered(fine.classes) and list(fine.parent_index) == sorted(fine.parent_index)
        return cls(coarse.name, torch.arange(len(coarse))[:, None] == columns, len(fine), ordered)

    @property
    def outputs(self) -> int:
        """K + A, the outputs of the network while it learns."""
        return self.allowed.shape[1]

    @property
    def siblings(self) -> Tensor:
        """bool (K + A, K + A): outputs of the same coarse class."""
        return self.allowed[self.allowed.int().argmax(0)]

    def to(self, device: torch.device) -> Constraint:
        """The same on a device."""
        return replace(self, allowed=self.allowed.to(device))


def labels_together(coarse: Labelled, fine: Labelled, task: str) -> Labelled:
    """The images of `coarse` with their fine labels, −1 where `fine` has none, and their coarse ones in `others`."""
    place = dict(zip(fine.rows.tolist(), fine.labels.tolist(), strict=True))
    labels = np.array([place.get(row, -1) for row in coarse.rows.tolist()], dtype=np.int64)
    return replace(coarse, labels=labels, others={task: coarse.labels})


def constrained_loss(
    constraint: Constraint,
    data: Labelled,
    settings: Constrained,
    regularization: Regularization,
    temperature: float = 1.0,
) -> tuple[Loss, dict[str, Tensor]]:
    """The loss, and what it remembers: `guesses` int64 (N,), the last confident guess of each image, −1 at first.

    `temperature` is that of the similarity loss, where the settings have it.
    """
    memory = {"guesses": torch.full((len(data),), -1)}

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        here, known = constraint.to(batch.labels.device), batch.labels >= 0
        allowed = _allowed(batch, here)
        labels = _with_pseudo_labels(network, batch, allowed, here, memory["guesses"], settings)
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

    return loss, memory


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
    """bool (B, K + A): the fine class of images that have one, else all that the coarse class allows."""
    own = F.one_hot(batch.labels.clamp(min=0), constraint.outputs).bool()
    return torch.where((batch.labels >= 0)[:, None], own, constraint.allowed[batch.others[constraint.coarse]])


def _with_pseudo_labels(
    network: Network, batch: Batch, allowed: Tensor, constraint: Constraint, remembered: Tensor, settings: Constrained
) -> Tensor:
    """The labels of a batch, int64 (B,), with those that the network is confident of; −1 where it is not.

    Where the coarse label allows a single class nothing is guessed: the likelihood of the coarse label says it all.
    """
    unsure = (batch.labels < 0) & (allowed.sum(1) > 1)
    labels = batch.labels.clone()
    if not settings.pseudo_weight or not unsure.any():
        return labels
    with torch.no_grad():
        network.eval()
        guess, probability = guesses(network(batch.images[unsure])[0], allowed[unsure])
        network.train()
    sure = (probability >= settings.pseudo_threshold).cpu()
    remembered[batch.positions[unsure.cpu()][sure]] = guess.cpu()[sure]
    thresholds = class_thresholds(remembered, constraint.siblings.cpu(), settings.pseudo_threshold).to(guess.device)
    labels[unsure] = torch.where(probability >= thresholds[guess], guess, -1)
    return labels


def _mean(losses: Tensor, chosen: Tensor) -> Tensor:
    """The mean of the chosen ones of losses (B,); 0 without any."""
    return (losses * chosen).sum() / chosen.sum().clamp(min=1)
