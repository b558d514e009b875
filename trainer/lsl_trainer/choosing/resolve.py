"""The settings of a run that leaves some open: chosen once, kept in its folder, and then those of any other run."""

from __future__ import annotations

from pathlib import Path

from lightning_fabric import Fabric

from lsl_trainer.choosing.candidate import Candidate, candidate_config
from lsl_trainer.choosing.choice import read_choice, write_choice
from lsl_trainer.choosing.choose import Watch, choose
from lsl_trainer.choosing.feature_kind import choose_kind, leaves_kind_open
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.method import AUTO

__all__ = ["chosen_config", "leaves_open"]


def leaves_open(config: TrainConfig) -> bool:
    """Whether something is to be chosen: a method, or the kind of a backbone's features."""
    return config.method == AUTO.name or leaves_kind_open(config)


def chosen_config(
    data: TrainingData, config: TrainConfig, fabric: Fabric, out: Path, features: Path, watch: Watch
) -> TrainConfig:
    """The settings with the choice in them, which `out` holds from now on, or has held since it was made."""
    choice = read_choice(out)
    if choice is None:
        if config.method == AUTO.name:
            choice = choose(data, config, fabric, folder=out, features=features, watch=watch)
        else:
            choice = choose_kind(data, config, fabric.device, features, watch)
        write_choice(out, choice)
    return candidate_config(config, Candidate(choice.name, choice.settings))
