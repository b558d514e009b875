"""Blended training images and features left out at random: MixUp, CutMix and dropout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from lsl_trainer.settings.groups import Regularization

__all__ = ["Mixture", "dropped", "mixed"]


@dataclass(frozen=True)
class Mixture:
    """Images of which each is `share` of one class and 1 − `share` of another."""

    images: Tensor
    """(B, 3, H, W)"""
    labels: Tensor
    """int64 (B,)"""
    others: Tensor
    """int64 (B,)"""
    share: float

    def cross_entropy(self, logits: Tensor, smoothing: float) -> Tensor:
        """L_CE (eq. 3) for both labels, each by its share; the mean over the batch."""
        own = F.cross_entropy(logits, self.labels, label_smoothing=smoothing)
        if self.share == 1:
            return own
        return self.share * own + (1 - self.share) * F.cross_entropy(logits, self.others, label_smoothing=smoothing)


def mixed(images: Tensor, labels: Tensor, settings: Regularization, draws: torch.Generator) -> Mixture:
    """Blends each image of a batch with another: MixUp or CutMix, one time in two each where both are on.

    The share is drawn from Beta(α, α) once a batch. MixUp: share · x + (1 − share) · x'. CutMix: a rectangle of
    1 − share of the area comes from x'; the share is then what its pixels really leave.
    """
    if not settings.mixup and not settings.cutmix:
        return Mixture(images, labels, labels, 1.0)
    generator = np.random.default_rng(int(torch.randint(2**62, (), generator=draws)))
    partner = torch.from_numpy(generator.permutation(len(images))).to(labels.device)
    cuts = bool(settings.cutmix) and (not settings.mixup or generator.random() < 0.5)
    alpha = settings.cutmix if cuts else settings.mixup
    share = generator.beta(alpha, alpha)
    if not cuts:
        return Mixture(torch.lerp(images[partner], images, share), labels, labels[partner], share)
    top, bottom, left, right = _rectangle(images.shape[2], images.shape[3], 1 - share, generator)
    pasted = images.clone()
    pasted[:, :, top:bottom, left:right] = images[partner, :, top:bottom, left:right]
    kept = 1 - (bottom - top) * (right - left) / (images.shape[2] * images.shape[3])
    return Mixture(pasted, labels, labels[partner], kept)


def dropped(features: Tensor, share: float, draws: torch.Generator) -> Tensor:
    """Features (B, D) of which `share` are zero and the others larger, so that their mean stays."""
    if not share:
        return features
    kept = torch.rand(features.shape, generator=draws) >= share
    return features * kept.to(features) / (1 - share)


def _rectangle(height: int, width: int, area: float, generator: np.random.Generator) -> tuple[int, int, int, int]:
    """Top, bottom, left, right: of the image's shape, with `area` of it, around a random place, clipped."""
    half = np.sqrt(area) / 2 * np.array([height, width])
    (y, x), size = generator.random(2) * (height, width), (height, width)
    edges = np.rint([y - half[0], y + half[0], x - half[1], x + half[1]]).astype(int)
    top, bottom = np.clip(edges[:2], 0, size[0])
    left, right = np.clip(edges[2:], 0, size[1])
    return int(top), int(bottom), int(left), int(right)
