"""The baseline that the paper compares with: log-Gabor filters, and a linear classifier fitted to fine labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from lsl_trainer.learning.plan import Fitting, Plan

if TYPE_CHECKING:
    from lsl_trainer.data.training_data import TrainingData
    from lsl_trainer.learning.steps.planned import PlannedStep
    from lsl_trainer.networks.residual import Network
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["PLAN"]


def _no_steps(data: TrainingData, config: TrainConfig) -> tuple[PlannedStep, ...]:
    return ()


def _network(data: TrainingData, config: TrainConfig, steps: Sequence[PlannedStep]) -> Network:
    from lsl_trainer.networks.gabor import gabor_network

    return gabor_network(data.image_size, data.fine_outputs)


def _fit(fitting: Fitting) -> None:
    from lsl_trainer.learning.linear_head import fit_head

    fit_head(fitting.network, fitting.data.fine, fitting.on_images)


PLAN = Plan(
    name="gabor",
    help="filters and a linear classifier, the paper's baseline",
    place=4,
    further_tasks=False,
    fixed_filters=True,
    steps=_no_steps,
    network=_network,
    fit=_fit,
)
