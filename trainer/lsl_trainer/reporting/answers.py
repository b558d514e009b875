"""What the exported graph answers for the test images. It is asked once, for all parts of the report."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_trainer.data.batch import Labelled

__all__ = ["Answers", "ask"]


@dataclass(frozen=True)
class Answers:
    """The answers for N test images, of the first task."""

    logits: NDArray[np.float32]
    """(N, K)"""
    probabilities: NDArray[np.float32]
    """(N, K), at the bundle's temperature."""

    @property
    def predicted(self) -> NDArray[np.int64]:
        """The most probable class of each, (N,)."""
        return np.asarray(self.probabilities.argmax(1), dtype=np.int64)

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The probability of the predicted class, (N,)."""
        return np.asarray(self.probabilities.max(1), dtype=np.float32)


def ask(model: Model, test: Labelled) -> Answers:
    """The answers for all images of `test`, at least one."""
    batches = list(model.classify(test.images[row] for row in test.rows))
    return Answers(
        np.concatenate([batch["logits"] for batch in batches]),
        np.concatenate([batch["probabilities"] for batch in batches]),
    )
