"""What a label that leaves several classes open says: the likelihood of all it allows, and the distance from them."""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["distance_loss", "distances", "partial_label_loss"]


def partial_label_loss(logits: Tensor, allowed: Tensor) -> Tensor:
    """−log Σ_{k allowed} p_k with p = softmax(logits), of each image, (B,), from 0.

    `logits` (B, K); `allowed` bool (B, K), at least one True in each row. Computed in log space: logsumexp over all
    classes less logsumexp over those allowed. With one class allowed it is the cross-entropy (eq. 3).
    """
    return logits.logsumexp(1) - logits.masked_fill(~allowed, -torch.inf).logsumexp(1)


def distances(allowed: Tensor) -> Tensor:
    """How many classes each class lies from the nearest allowed one, float (B, K), from bool (B, K).

    Rows in which nothing is allowed are 0.
    """
    places = torch.arange(allowed.shape[1], device=allowed.device)
    apart = (places[:, None] - places).abs().to(torch.get_default_dtype())  # (K, K)
    nearest = apart.masked_fill(~allowed[:, None], torch.inf).amin(2)  # (B, K)
    return nearest.nan_to_num(posinf=0.0)


def distance_loss(logits: Tensor, distance: Tensor) -> Tensor:
    """Σ_k p_k d_k of each image, (B,): the expected distance, in classes, from what its label allows.

    `logits` (B, K') with p = softmax(logits); `distance` (B, K), as `distances` gives it, of the first K ≤ K' classes,
    which are in order. It is the earth mover's distance between p and the nearest distribution that is allowed.
    """
    return (logits.softmax(1)[:, : distance.shape[1]] * distance).sum(1)
