"""What a loss is computed from: labelled images, batches of them, and their pixels as tensors."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lsl_trainer.networks.residual import Network

__all__ = ["Batch", "Labelled", "Loss", "in_unit_range", "to_tensor"]


@dataclass(frozen=True)
class Labelled:
    """Images of one task and their labels."""

    images: NDArray[np.uint8]
    """The images of the whole store or a part of it, (M, H, W, 3); kept once, whatever the number of tasks. Where F is
    frozen, its features of them in their place: float32 (M, V, D), of V views, the unchanged one first."""
    rows: NDArray[np.int64]
    """(N,): which of them belong to this task."""
    labels: NDArray[np.int64]
    """(N,): their classes, −1 where unknown."""
    groups: NDArray[np.int64]
    """(N,): their genes."""
    ids: NDArray[np.object_]
    """(N,): their ids."""
    others: Mapping[str, NDArray[np.int64]] = field(default_factory=dict)
    """Labels of further tasks by name: (N,), or (N, T) for terms; −1 where unknown."""

    def __len__(self) -> int:
        return len(self.rows)

    def part(self, chosen: NDArray[np.bool_]) -> Labelled:
        """Some of them, `chosen` bool (N,)."""
        return Labelled(
            self.images,
            self.rows[chosen],
            self.labels[chosen],
            self.groups[chosen],
            self.ids[chosen],
            {name: found[chosen] for name, found in self.others.items()},
        )


@dataclass(frozen=True)
class Batch:
    """What a loss is computed from."""

    images: Tensor
    """(B, 3, H, W) in 0..1, augmented."""
    labels: Tensor
    """int64 (B,), −1 where unknown"""
    others: Mapping[str, Tensor]
    """int64 (B,) or (B, T) of further tasks, −1 where unknown"""
    positions: Tensor
    """int64 (B,) on the CPU: which images of the training set they are."""
    draws: torch.Generator
    """For whatever else is left to chance."""
    strong: Tensor | None = None
    """(B, 3, H, W): the same images changed more strongly, where the step asks for them."""

    @property
    def second_view(self) -> Tensor:
        """The more strongly changed images; the images themselves where the step asks for no second view."""
        return self.images if self.strong is None else self.strong


Loss = Callable[[Network, Batch], tuple[Tensor, Tensor]]
"""(network, batch) → (loss, logits (B, K))."""


def in_unit_range(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Pixels uint8 → float32 in 0..1; of features (B, V, D), the unchanged view (B, D)."""
    if images.dtype == np.float32:
        return cast(NDArray[np.float32], images[:, 0])
    return np.divide(images, 255, dtype=np.float32)


def to_tensor(images: NDArray[np.float32], device: torch.device) -> Tensor:
    """Images float32 (B, H, W, 3) → a tensor (B, 3, H, W) channels last in memory; features (B, D) stay."""
    found = torch.from_numpy(images).to(device)
    return found.permute(0, 3, 1, 2) if found.dim() == 4 else found
