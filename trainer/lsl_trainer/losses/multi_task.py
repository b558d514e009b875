"""The loss of several tasks on one F: images without a label of a task are skipped in its part."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.data.batch import Batch, Labelled, Loss
from lsl_trainer.data.further_tasks import FurtherTask
from lsl_trainer.networks.residual import Network

__all__ = ["multi_task_loss", "positive_weights", "term_loss", "weighted_sum"]

_MOST_WEIGHT = 20.0


def multi_task_loss(
    first: Loss, n_first: int, tasks: Sequence[FurtherTask], data: Labelled, weights: Sequence[float]
) -> Loss:
    """`first` on the images with a label of the first task, and the losses of `tasks` on those with theirs.

    The network's outputs are the `n_first` of the first task, then those of `tasks`. `weights` has one factor a task,
    the first's first; without any, they are learnt (`weighted_sum`). Returns as logits those of the first task, or all
    where it has none (terms that are learnt alone).
    """
    sizes = [n_first, *(len(task.space) for task in tasks)]
    odds = {task.name: positive_weights(data.others[task.name]) for task in tasks if task.terms}

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        outputs, features = network(batch.images)
        parts = outputs.split(sizes, dim=1)
        losses = [_first_loss(first, network, batch, parts[0], features)]
        for task, logits in zip(tasks, parts[1:], strict=True):
            labels, weight = batch.others[task.name], odds.get(task.name)
            losses.append(
                _class_loss(logits, labels) if weight is None else term_loss(logits, labels, weight.to(logits))
            )
        return weighted_sum(losses, weights, network.log_variances), parts[0] if n_first else outputs

    return loss


def weighted_sum(losses: Sequence[Tensor | None], weights: Sequence[float], log_variances: Tensor | None) -> Tensor:
    """Σ w_t L_t or, where the weights are learnt, Σ exp(−s_t) L_t + s_t / 2 with s_t = log σ_t².

    The latter is Kendall, Gal and Cipolla 2018, for classification. None, a task without labels here, takes no part.
    """
    present = [(place, loss) for place, loss in enumerate(losses) if loss is not None]
    if log_variances is None:
        terms = [weights[place] * loss for place, loss in present]
    else:
        terms = [(-log_variances[place]).exp() * loss + log_variances[place] / 2 for place, loss in present]
    return torch.stack(terms).sum()


def term_loss(logits: Tensor, labels: Tensor, odds: Tensor) -> Tensor | None:
    """Binary cross-entropy over the known entries of `labels` (B, T), −1 unknown; None where none is known.

    A carried term weighs `odds` (T,) times as much as one that is not. As the loss is least where a logit exceeds the
    log odds of its term by log(odds), that much is added before: sigmoid(logits) remain probabilities.
    """
    known = labels >= 0
    if not known.any():
        return None
    losses = F.binary_cross_entropy_with_logits(
        logits + odds.log(), labels.clamp(min=0).to(logits.dtype), pos_weight=odds, reduction="none"
    )
    return losses[known].mean()


def positive_weights(labels: object) -> Tensor:
    """How much more frequent it is not to carry a term than to carry it, 1 to 20, float (T,), from labels (N, T)."""
    known = torch.as_tensor(labels)
    carried, absent = (known == 1).sum(0), (known == 0).sum(0)
    return torch.where(carried > 0, absent / carried.clamp(min=1), 1.0).clamp(1.0, _MOST_WEIGHT)


def _class_loss(logits: Tensor, labels: Tensor) -> Tensor | None:
    return F.cross_entropy(logits, labels, ignore_index=-1) if (labels >= 0).any() else None


def _first_loss(first: Loss, network: Network, batch: Batch, logits: Tensor, features: Tensor) -> Tensor | None:
    """The loss of the first task over the images of the batch that have its label."""
    known = batch.labels >= 0
    if not known.any():
        return None
    part = replace(
        batch, images=batch.images[known], labels=batch.labels[known], positions=batch.positions[known.cpu()]
    )
    seen = _FirstTask(network, part.images, logits[known], features[known])
    return first(cast(Network, seen), part)[0]


class _FirstTask:
    """The network as the first task's loss sees it: that task's outputs; what has been computed is not run again."""

    def __init__(self, network: Network, images: Tensor, logits: Tensor, features: Tensor) -> None:
        self.network, self.mean, self._images, self._answer = network, network.mean, images, (logits, features)

    def __call__(self, images: Tensor) -> tuple[Tensor, Tensor]:
        if images is self._images:
            return self._answer
        features = self.features(images)
        return self.classify(features), features

    def classify(self, features: Tensor) -> Tensor:
        """The logits of the first task, as `Network.classify`."""
        return self.network.classify(features)[:, : self._answer[0].shape[1]]

    def features(self, images: Tensor) -> Tensor:
        """F(x), as `Network.features`."""
        return self.network.features(images)
