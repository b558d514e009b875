"""Tasks of classes: exactly one is right."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.coarse import CoarseTask
from lsl_shared.files.manifest import Task
from lsl_shared.measures.conformal import conformal_threshold
from lsl_trainer.calibration.temperature import fit_temperature, softmax
from lsl_trainer.tasks.learnt_task import HeldOut, LearntTask, TaskLoss

__all__ = ["ClassTask", "FineTask"]


@dataclass(frozen=True)
class ClassTask(LearntTask):
    """A task of classes, learnt beside the fine one."""

    def loss(self, trained: NDArray[np.int64]) -> TaskLoss:
        """Cross-entropy over the images with a label."""
        return _class_loss

    def never_carried(self, trained: NDArray[np.int64]) -> tuple[str, ...]:
        """Nothing is told: a class without images only has a small probability."""
        return ()

    def calibrated(self, held: HeldOut, trained: NDArray[np.int64], seed: int) -> Task:
        """With its temperature, the threshold of its prediction sets, and the shares of its classes."""
        known = held.labels >= 0
        logits, labels = held.logits[known], held.labels[known]
        temperature = fit_temperature(logits, labels)
        probabilities = softmax(logits, temperature)
        counts = np.bincount(trained[trained >= 0], minlength=len(self.space))
        return Task(
            name=self.name,
            classes=self.space.classes,
            temperature=temperature,
            conformal_threshold=conformal_threshold(labels, probabilities, held.groups[known], held.coverage),
            coverage=held.coverage,
            class_priors=tuple((counts / max(counts.sum(), 1)).tolist()),
        )


@dataclass(frozen=True)
class FineTask(ClassTask):
    """The task of classes to learn."""

    coarse: tuple[CoarseTask, ...]
    """The coarse tasks over it."""

    def calibrated(self, held: HeldOut, trained: NDArray[np.int64], seed: int) -> Task:
        """With the coarse classes above its own, beside what every task of classes has."""
        parents = next((one.classes for one in self.coarse if one.name == self.space.parent), ())
        return replace(
            super().calibrated(held, trained, seed),
            parent=self.space.parent,
            parent_classes=parents,
            parent_index=self.space.parent_index,
            further_coarse=tuple(one for one in self.coarse if one.name != self.space.parent),
        )


def _class_loss(logits: Tensor, labels: Tensor) -> Tensor | None:
    return F.cross_entropy(logits, labels, ignore_index=-1) if (labels >= 0).any() else None
