"""A loss of classes in order: next to the right class is less wrong than far away."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["ordinal_loss"]

_SPREAD = 0.5
"""Twice the variance, in classes, of the normal distribution whose shape the labels have."""


def ordinal_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Cross-entropy with soft labels (Diaz and Marathe 2019), the mean over the batch, at least 0.

    `logits` (B, K) of classes in order; `labels` int64 (B,) in 0 … K − 1. The soft label of class k is
    exp(−2 (k − y)²), made to sum to 1: 0.79 for the right class among others, 0.11 for each neighbour.
    """
    places = torch.arange(logits.shape[1], device=logits.device)
    soft = (-((places - labels[:, None]) ** 2) / _SPREAD).softmax(1)
    return -(soft * logits.log_softmax(1)).sum(1).mean()
