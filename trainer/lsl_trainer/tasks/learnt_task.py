"""What every kind of task answers: its loss, its entry in the manifest, and what of it cannot be learnt."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.files.manifest import Task
from lsl_shared.labels import LabelSpace
from lsl_shared.measures.coverage import COVERAGE

__all__ = ["HeldOut", "LearntTask", "TaskLoss"]

TaskLoss = Callable[[Tensor, Tensor], Tensor | None]
"""(logits (B, K), labels (B,) or (B, K), −1 unknown) → the mean loss over what is known; None where nothing is."""


@dataclass(frozen=True)
class HeldOut:
    """What a network says of calibration images, for one task."""

    logits: NDArray[np.floating]
    """(n, K)"""
    labels: NDArray[np.int64]
    """(n,) or, for terms, (n, K); −1 unknown."""
    groups: NDArray[np.int64]
    """(n,): their genes."""
    ranges: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, dtype=np.int64))
    """(n,): their coarse classes, −1 unknown, which make the bags of terms with the genes; empty for other tasks."""
    coverage: float = COVERAGE
    """What prediction sets shall promise."""


@dataclass(frozen=True)
class LearntTask(ABC):
    """A task that a network learns, and its labels in the store."""

    space: LabelSpace
    """Its classes or terms."""
    labels: NDArray[np.int64]
    """Of the whole store: (N,) or, for terms, (N, K) of 0 and 1; −1 where unknown."""

    @property
    def name(self) -> str:
        """The task's name."""
        return self.space.name

    @property
    def known(self) -> NDArray[np.bool_]:
        """Which images of the store carry a label of it, (N,)."""
        return np.asarray((self.labels >= 0).reshape(len(self.labels), -1).any(1), dtype=np.bool_)

    @abstractmethod
    def loss(self, trained: NDArray[np.int64]) -> TaskLoss:
        """Its loss, where `trained` are the labels of the training images."""

    @abstractmethod
    def never_carried(self, trained: NDArray[np.int64]) -> tuple[str, ...]:
        """What none of the training labels carries, so that it cannot be learnt."""

    @abstractmethod
    def calibrated(self, held: HeldOut, trained: NDArray[np.int64], seed: int) -> Task:
        """The manifest's entry, from calibration images and the labels of the training images."""
