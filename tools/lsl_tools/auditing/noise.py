"""How labels come to be wrong: with a rate for each task, partly as any other class, partly as one that looks alike."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_tools.auditing.evidence import TaskLabels

__all__ = ["Noise", "right_shares"]

Floats = NDArray[np.float64]
_LEAST = 1e-6


@dataclass(frozen=True)
class Noise:
    """The wrong labels of one task."""

    task: TaskLabels
    rate: float
    """How many of the labels are wrong, 0..1."""
    any_class: float
    """The share of them that may be any other class alike, 0..1; the others are classes that look alike."""
    alike: Floats
    """(C, S): what images of each possibility are taken for, of the classes that are wrong; columns add up to 1."""

    @classmethod
    def of(cls, task: TaskLabels, probabilities: Floats, rate: float, any_class: float) -> Noise:
        """What looks alike is what the models confuse."""
        together = probabilities.T @ probabilities  # (S, S)
        confused = together / np.maximum(together.sum(1, keepdims=True), _LEAST)
        alike = np.where(task.allows, 0, right_shares(task) @ confused.T + _LEAST)
        return cls(task, rate, any_class, alike / np.maximum(alike.sum(0), _LEAST))

    def likelihood(self) -> Floats:
        """How likely the label of each image is of each possibility, (N, S); 1 where it has none."""
        return np.where(self.task.known[:, None], self._table()[self.task.labels], 1)

    def _table(self) -> Floats:
        """(C, S): how likely each label is of each possibility."""
        wrong = ~self.task.allows
        anything = wrong / np.maximum(wrong.sum(0), 1)
        rate = np.where(self.task.allows.any(0), self.rate, 1.0)  # a fine label of an image outside is wrong
        mixed = self.any_class * anything + (1 - self.any_class) * self.alike
        return np.asarray((1 - rate) * right_shares(self.task) + rate * mixed)


def right_shares(task: TaskLabels) -> Floats:
    """(C, S): the labels that are right of each possibility, alike likely where there are several."""
    return np.asarray(task.allows / np.maximum(task.allows.sum(0), 1))
