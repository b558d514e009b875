"""Tasks of terms: any number of them is right at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from lsl_shared.errors import TrainingError
from lsl_shared.files.manifest import Task
from lsl_shared.measures.term_metrics import bag_means
from lsl_trainer.calibration.temperature import fit_sigmoid_temperature, sigmoid
from lsl_trainer.calibration.term_thresholds import NEVER, term_thresholds
from lsl_trainer.tasks.learnt_task import HeldOut, LearntTask, TaskLoss
from lsl_trainer.tasks.term_loss import positive_weights, term_loss

__all__ = ["TermTask", "frequent_terms"]


@dataclass(frozen=True)
class TermTask(LearntTask):
    """A task of terms."""

    def loss(self, trained: NDArray[np.int64]) -> TaskLoss:
        """Binary cross-entropy over what is annotated; rare terms weigh more."""
        odds = positive_weights(trained)

        def loss(logits: Tensor, labels: Tensor) -> Tensor | None:
            return term_loss(logits, labels, odds.to(logits))

        return loss

    def never_carried(self, trained: NDArray[np.int64]) -> tuple[str, ...]:
        """The terms of which no training image (n, K) has any. Raises TrainingError where that is all of them."""
        carried = (trained == 1).any(0)
        if not carried.any():
            raise TrainingError(
                f"no training image carries any term of {self.name!r}: annotate more genes, or train without "
                f"{self.name}"
            )
        return tuple(name for name, found in zip(self.space.classes, carried, strict=True) if not found)

    def calibrated(self, held: HeldOut, trained: NDArray[np.int64], seed: int) -> Task:
        """With its temperature, the threshold and the share of each term; one that cannot be learnt is never chosen."""
        temperature = fit_sigmoid_temperature(held.logits, held.labels)
        bags = bag_means(held.labels, sigmoid(held.logits / temperature), held.groups, held.ranges)
        known, carried = (trained >= 0).sum(0), (trained == 1).sum(0)
        chosen_from = np.where(carried > 0, term_thresholds(bags.truth, bags.probabilities), NEVER)
        return Task(
            name=self.name,
            classes=self.space.classes,
            kind="terms",
            temperature=temperature,
            class_priors=tuple((carried / np.maximum(known, 1)).tolist()),
            thresholds=tuple(chosen_from.tolist()),
        )


def frequent_terms(labels: NDArray[np.int64], genes: NDArray[np.int64], least: int = 3) -> NDArray[np.int64]:
    """The terms, places in `labels` (n, K), that images of at least so many genes (n,) carry."""
    counts = [len(np.unique(genes[column == 1])) for column in labels.T]
    return np.flatnonzero(np.array(counts) >= least)
