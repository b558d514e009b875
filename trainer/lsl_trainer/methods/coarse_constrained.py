"""Fine and coarse labels teach the fine classes together; the step on coarse labels may come before."""

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
    from lsl_trainer.learning.steps.constrained import ConstrainedStep

    before = (CoarseStep(data, config),) if config.epochs.pretrain else ()
    return *before, ConstrainedStep(data, config)


PLAN = Plan(
    name="coarse-constrained",
    help="fine and coarse labels together",
    place=5,
    coarse_labels=True,
    all_coarse=True,
    further_tasks=False,
    one_process="it remembers its guesses",
    steps=_steps,
)
