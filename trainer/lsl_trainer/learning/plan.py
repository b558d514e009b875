"""The plan of a method: which steps it has, on which network, and whether the head is fitted instead of learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from lsl_trainer.settings.method import Method, find_method

if TYPE_CHECKING:
    from pathlib import Path

    from lsl_trainer.data.training_data import TrainingData
    from lsl_trainer.learning.left_out import LeftOut
    from lsl_trainer.learning.steps.planned import PlannedStep
    from lsl_trainer.networks.residual import Network
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["Fitting", "Plan", "plan_of"]


@dataclass(frozen=True)
class Fitting:
    """A head that is to be fitted, on an F that does not learn."""

    network: Network
    """What is changed in place."""
    data: TrainingData
    config: TrainConfig
    folder: Path | None
    """Where features of images are kept."""
    on_images: Callable[[int], None]
    """Called with the number of images just passed."""


def _learnt_network(data: TrainingData, config: TrainConfig, steps: Sequence[PlannedStep]) -> Network:
    """A network for the first step: fresh, or with the F of a backbone."""
    from lsl_trainer.learning.new_network import new_network

    return new_network(data.image_size, config, steps[0].data, steps[0].outputs)


@dataclass(frozen=True, kw_only=True)
class Plan(Method):
    """A method. Its functions are called with the data and the settings of a training."""

    steps: Callable[[TrainingData, TrainConfig], Sequence[PlannedStep]]
    """Its steps, one after the other; each goes on with the F of the one before."""
    network: Callable[[TrainingData, TrainConfig, Sequence[PlannedStep]], Network] = _learnt_network
    """The network that the first step begins with."""
    fit: Callable[[Fitting], LeftOut | None] | None = None
    """Fits the head when all steps are done, and counts the images that it has seen. None where the head learns.

    It gives what the folds of the data, if they have any, say of what they left out."""


def plan_of(name: str) -> Plan:
    """The plan of a method. Raises ConfigError for an unknown name."""
    return cast(Plan, find_method(name))
