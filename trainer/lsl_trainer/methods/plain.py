"""Fine labels alone: what all other methods are compared with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsl_trainer.learning.plan import Plan

if TYPE_CHECKING:
    from lsl_trainer.data.training_data import TrainingData
    from lsl_trainer.learning.steps.planned import PlannedStep
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["PLAN"]


def _steps(data: TrainingData, config: TrainConfig) -> tuple[PlannedStep, ...]:
    from lsl_trainer.learning.steps.fine import FineStep

    return (FineStep(data, config),)


PLAN = Plan(name="plain", help="fine labels only", place=1, terms_alone=True, steps=_steps)
