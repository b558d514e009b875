"""What is measured of a model when its training has ended, for the report and for metrics.json."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lsl_runtime.evaluation.evaluate import Evaluation
from lsl_runtime.model.model import Model
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.answers import Answers, ask
from lsl_trainer.reporting.reliability import Calibration, measure_calibration

__all__ = ["Findings", "find_out"]


@dataclass(frozen=True)
class Findings:
    """What is known of a model when its training has ended."""

    model: Model
    evaluation: Evaluation
    epochs: Sequence[Epoch]
    answers: Answers | None
    """For the fine-labelled test images. None if there are none, and for terms alone."""
    calibration: Calibration | None
    """None if `answers` is."""


def find_out(model: Model, data: TrainingData, evaluation: Evaluation, epochs: Sequence[Epoch], seed: int) -> Findings:
    """Asks the exported graph about the test images, and measures its calibration. `seed` is that of the bootstrap."""
    test = data.test
    if not (test.labels >= 0).any():
        return Findings(model, evaluation, epochs, None, None)
    answers = ask(model, test)
    calibration = measure_calibration(
        answers.logits, test.labels, test.groups, model.task.temperature, np.random.default_rng([seed, 8])
    )
    return Findings(model, evaluation, epochs, answers, calibration)
