"""Pseudo-labels: what a network is confident of on a weakly changed image teaches it on a strongly changed one.

FixMatch (Sohn et al. 2020) with thresholds for each class in the manner of FlexMatch (Zhang et al. 2021), among the
classes that an image's coarse label allows.
"""

from __future__ import annotations

import torch
from torch import Tensor

__all__ = ["class_thresholds", "guesses"]

_LEAST = 0.5


def guesses(logits: Tensor, allowed: Tensor) -> tuple[Tensor, Tensor]:
    """The likeliest allowed class of each image, int64 (B,), and its probability among the allowed ones, (B,).

    `logits` (B, K), `allowed` bool (B, K), at least one True in each row.
    """
    probability, guess = logits.masked_fill(~allowed, -torch.inf).softmax(1).max(1)
    return guess, probability


def class_thresholds(remembered: Tensor, siblings: Tensor, threshold: float, shares: Tensor | None = None) -> Tensor:
    """The probability from which each class is believed, float (K,), from half of `threshold` to all of it.

    `remembered` int64 (N,): the last confident guess of each image, −1 where there was none; `siblings` bool (K, K):
    the classes with the same parent, itself included; `shares` float (K,), above 0: how frequent they are, None where
    that is alike. With β the guesses of a class by its share, relative to those of the sibling with the most, the
    threshold is τ · (½ + ½ · β / (2 − β)): classes that are guessed less than they should be are believed sooner.
    """
    counts = torch.bincount(remembered[remembered >= 0], minlength=len(siblings)).to(torch.float32)
    if shares is not None:
        counts = counts / shares
    most = (counts * siblings).amax(1)
    share = counts / most.clamp(min=1)
    return threshold * (_LEAST + (1 - _LEAST) * share / (2 - share))
