"""A linear classifier on the fixed features of a backbone; fine and coarse labels count in one likelihood."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsl_trainer.learning.plan import Fitting, Plan

if TYPE_CHECKING:
    from lsl_trainer.data.training_data import TrainingData
    from lsl_trainer.learning.left_out import LeftOut
    from lsl_trainer.learning.steps.planned import PlannedStep
    from lsl_trainer.networks.residual import Network
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["PLAN"]


def _no_steps(data: TrainingData, config: TrainConfig) -> tuple[PlannedStep, ...]:
    return ()


def _network(data: TrainingData, config: TrainConfig, steps: Sequence[PlannedStep]) -> Network:
    from lsl_trainer.learning.backbones import block_network

    return block_network(config, data.image_size, data.fine_outputs)


def _fit(fitting: Fitting) -> LeftOut | None:
    from lsl_trainer.learning.linear_classifier import fit_classifier

    return fit_classifier(fitting)


PLAN = Plan(
    name="linear",
    help="a linear classifier on a backbone's fixed features, fine and coarse labels together",
    place=6,
    further_tasks=False,
    needs_backbone=True,
    all_coarse=True,
    coarse_if_any=True,
    crossed=True,
    steps=_no_steps,
    network=_network,
    fit=_fit,
)
