"""What a coarse label says of the fine classes: which of them an image may have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from lsl_shared.labels import LabelSpace
from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.data.batch import Labelled

__all__ = ["Constraint", "labels_together"]


@dataclass(frozen=True)
class Constraint:
    """Which outputs each coarse class allows: the fine classes, then one output for each childless coarse class."""

    coarse: str
    """The coarse task's name."""
    allowed: Tensor
    """bool (C, K + A): coarse class × output."""
    n_fine: int
    """K"""
    ordered: bool
    """Whether the fine classes are numbers in ascending order, and the children of each coarse class neighbours."""

    @classmethod
    def of(cls, fine: LabelSpace, coarse: LabelSpace, present: Sequence[int]) -> Constraint:
        """The constraint for training images whose coarse classes are `present`."""
        childless = [k for k in fine.childless(coarse) if k in set(present)]
        columns = torch.tensor([*fine.parent_index, *childless])
        ordered = is_ordered(fine.classes) and list(fine.parent_index) == sorted(fine.parent_index)
        return cls(coarse.name, torch.arange(len(coarse))[:, None] == columns, len(fine), ordered)

    @property
    def outputs(self) -> int:
        """K + A, the outputs of the network while it learns."""
        return self.allowed.shape[1]

    @property
    def siblings(self) -> Tensor:
        """bool (K + A, K + A): outputs of the same coarse class."""
        return self.allowed[self.allowed.int().argmax(0)]

    def to(self, device: torch.device) -> Constraint:
        """The same on a device."""
        return replace(self, allowed=self.allowed.to(device))


def labels_together(coarse: Labelled, fine: Labelled, task: str) -> Labelled:
    """The images of `coarse` with their fine labels, −1 where `fine` has none, and their coarse ones in `others`."""
    place = dict(zip(fine.rows.tolist(), fine.labels.tolist(), strict=True))
    labels = np.array([place.get(row, -1) for row in coarse.rows.tolist()], dtype=np.int64)
    return replace(coarse, labels=labels, others={task: coarse.labels})
