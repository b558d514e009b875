"""The loss of several tasks on one F: images without a label of a task take no part in its loss."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import torch
from torch import Tensor

from lsl_trainer.data.batch import Batch, Labelled, Loss
from lsl_trainer.networks.residual import Network
from lsl_trainer.tasks.learnt_task import LearntTask

__all__ = ["multi_task_loss", "weighted_sum"]


def multi_task_loss(
    first: Loss, n_first: int, tasks: Sequence[LearntTask], data: Labelled, weights: Sequence[float]
) -> Loss:
    """`first` on the images with a label of the first task, and the losses of `tasks` on those with theirs.

    The network's outputs are the `n_first` of the first task, then those of `tasks`. `weights` has one factor a task,
    the first's first; without any, they are learnt (`weighted_sum`). Returns as logits those of the first task, or all
    where it has none (terms that are learnt alone).
    """
    sizes = [n_first, *(len(task.space) for task in tasks)]
    further = {task.name: task.loss(data.others[task.name]) for task in tasks}

    def loss(network: Network, batch: Batch) -> tuple[Tensor, Tensor]:
        outputs, features = network(batch.images)
        parts = outputs.split(sizes, dim=1)
        losses = [_first_loss(first, network, batch, parts[0], features)]
        losses += [one(part, batch.others[name]) for (name, one), part in zip(further.items(), parts[1:], strict=True)]
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
