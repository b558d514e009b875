"""A candidate: settings that may suit a store, and what trying and training them costs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

__all__ = ["Candidate", "candidate_config", "given_settings"]


@dataclass(frozen=True)
class Candidate:
    """Settings by their flat names, over those that the training began with."""

    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    """What it takes to train, counted."""
    passes: float = 0.0
    """Of single images, while it is trained."""

    @property
    def linear(self) -> bool:
        """Whether it is a linear classifier on fixed features."""
        return self.settings.get("method") == "linear"


def given_settings(config: TrainConfig) -> dict[str, Any]:
    """The settings that differ from their preset's: somebody wants them so."""
    usual = PRESETS[config.preset].flat() if config.preset in PRESETS else {}
    return {name: value for name, value in config.flat().items() if value != usual.get(name, value)}


def candidate_config(config: TrainConfig, candidate: Candidate) -> TrainConfig:
    """The settings of a training by a candidate; what was given stays."""
    given = {name for name in given_settings(config) if name != "method"}
    return config.having(**{name: value for name, value in candidate.settings.items() if name not in given})
