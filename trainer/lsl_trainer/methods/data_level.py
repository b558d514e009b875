"""Step one of the paper: coarse labels first, then fine labels on the same F."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lsl_trainer.learning.plan import Plan

if TYPE_CHECKING:
    from lsl_trainer.data.training_data import TrainingData
    from lsl_trainer.learning.steps.planned import PlannedStep
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["PLAN"]


def _steps(data: TrainingData, config: TrainConfig) -> tuple[PlannedStep, ...]:
    from lsl_trainer.learning.steps.coarse import CoarseStep
    from lsl_trainer.learning.steps.fine import FineStep

    return CoarseStep(data, config), FineStep(data, config)


PLAN = Plan(name="data-level", help="coarse labels, then fine ones", place=2, coarse_labels=True, steps=_steps)
