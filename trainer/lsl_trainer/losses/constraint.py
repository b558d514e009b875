"""What coarse labels say of the fine classes: which of them an image may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.labels import LabelSpace
from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.training_data import ALLOWED, TrainingData

__all__ = ["Constraint", "constraint_of"]


@dataclass(frozen=True)
class Constraint:
    """Which outputs images may have: the fine classes, then one output for each set that holds none of them."""

    allowed: Tensor
    """bool (S + 1, K + A): set × output; the last set, at −1, is that of images without a coarse label: all outputs."""
    n_fine: int
    """K"""
    ordered: bool
    """Whether the fine classes are numbers in ascending order, and those of each set neighbours."""

    @classmethod
    def of(cls, fine: LabelSpace, sets: NDArray[np.bool_], present: Sequence[int]) -> Constraint:
        """From the `sets` bool (S, K + 1) of `TrainingData.allowed`; `present` are those that training images have."""
        classes, seen = torch.from_numpy(sets[:, :-1]), np.isin(np.arange(len(sets)), present)
        childless = torch.from_numpy(np.flatnonzero(sets[:, -1] & ~sets[:, :-1].any(1) & seen))
        outputs = torch.cat([classes, torch.arange(len(sets))[:, None] == childless], 1)
        ordered = is_ordered(fine.classes) and all(_are_neighbours(row) for row in sets[:, :-1])
        return cls(torch.cat([outputs, torch.ones(1, outputs.shape[1], dtype=torch.bool)]), len(fine), ordered)

    @property
    def outputs(self) -> int:
        """K + A, the outputs of the network while it learns."""
        return self.allowed.shape[1]

    @property
    def sets(self) -> Tensor:
        """bool (S, K + A): those of images with a coarse label."""
        return self.allowed[:-1]

    @property
    def siblings(self) -> Tensor:
        """bool (K + A, K + A): outputs that no set tells apart, those that are in none excepted; each is its own."""
        kind = self.sets.unique(dim=1, return_inverse=True)[1]
        inside, own = self.sets.any(0), torch.eye(self.outputs, dtype=torch.bool, device=self.allowed.device)
        told_apart: Tensor = kind[:, None] != kind
        return ~told_apart & inside | own

    def to(self, device: torch.device) -> Constraint:
        """The same on a device."""
        return replace(self, allowed=self.allowed.to(device))


def constraint_of(data: TrainingData) -> Constraint:
    """The constraint of a training: the childless sets that training images have get an output."""
    return Constraint.of(data.fine_space, data.allowed, np.unique(data.constrained.others[ALLOWED]).tolist())


def _are_neighbours(members: NDArray[np.bool_]) -> bool:
    """Whether the classes of a set (K,) follow each other."""
    places = np.flatnonzero(members)
    return not len(places) or len(places) == places[-1] - places[0] + 1
