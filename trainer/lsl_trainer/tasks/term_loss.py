"""The loss of a task of terms: binary cross-entropy in which a rare term weighs more where it is carried."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

__all__ = ["positive_weights", "term_loss"]

_MOST_WEIGHT = 20.0


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
