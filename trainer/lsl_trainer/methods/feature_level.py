"""Algorithm 1 of the paper: coarse labels, then fine labels on the same F, then the reference sets."""

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
    from lsl_trainer.learning.steps.feature import FeatureStep
    from lsl_trainer.learning.steps.fine import FineStep

    return CoarseStep(data, config), FineStep(data, config), FeatureStep(data, config)


PLAN = Plan(
    name="feature-level",
    help="as data-level, then the similarity loss",
    place=3,
    coarse_labels=True,
    steps=_steps,
)
