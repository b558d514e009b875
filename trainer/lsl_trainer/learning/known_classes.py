"""What a linear classifier is fitted to: what the labels of training images leave of the classes."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.training_data import ALLOWED, TrainingData
from lsl_trainer.learning.linear_problem import LinearProblem
from lsl_trainer.losses.constraint import constraint_of
from lsl_trainer.settings.groups import Constrained

__all__ = ["linear_problem"]


def linear_problem(data: TrainingData, settings: Constrained) -> LinearProblem:
    """The problem of all images that are learnt from, `data.learnt_rows`, as yet without coordinates."""
    rows = data.learnt_rows
    labels = torch.full((len(rows),), -1)
    labels[np.searchsorted(rows, data.fine.rows)] = torch.from_numpy(data.fine.labels)
    by_coarse, n_ordered = _allowed_by_coarse(data, rows)
    one_hot = F.one_hot(labels.clamp(min=0), by_coarse.shape[1]).bool()
    return LinearProblem(
        coordinates=torch.empty(len(rows), 0),
        labels=labels,
        allowed=torch.where(labels[:, None] >= 0, one_hot, by_coarse),
        partial_weight=settings.partial_weight,
        order_weight=settings.order_weight if n_ordered else 0.0,
        n_ordered=n_ordered,
    )


def _allowed_by_coarse(data: TrainingData, rows: NDArray[np.int64]) -> tuple[Tensor, int]:
    """What the coarse labels of images allow, bool (n, K + A), and how many classes are in order."""
    ordered, together = is_ordered(data.fine_space.classes), data.constrained
    if not len(together):
        return torch.ones(len(rows), data.fine_outputs, dtype=torch.bool), data.fine_outputs if ordered else 0
    constraint = constraint_of(data)
    allowed = torch.ones(len(rows), constraint.outputs, dtype=torch.bool)
    allowed[np.searchsorted(rows, together.rows)] = constraint.allowed[torch.from_numpy(together.others[ALLOWED])]
    return allowed, constraint.n_fine if constraint.ordered else 0
