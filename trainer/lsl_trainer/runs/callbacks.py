"""What a training tells while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lsl_trainer.choosing.choice import Choice
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch

__all__ = ["Callbacks"]


def _ignored(told: object) -> None:
    """Nobody wants to know."""


def _no_trial(name: str, images: int) -> None:
    """Nobody wants to know."""


def _ignored_fold(name: str, training: TwoStepTraining) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True)
class Callbacks:
    """Functions that are called while a training goes on."""

    on_start: Callable[[TwoStepTraining], None] = _ignored
    """With the training when it is prepared."""
    on_images: Callable[[int], None] = _ignored
    """With the number of images just learnt from."""
    on_epoch: Callable[[Epoch], None] = _ignored
    """With each epoch as it ends."""
    on_trial: Callable[[str, int], None] = _no_trial
    """While it is chosen: with what is tried next, and how many images `on_images` will count."""
    on_fold: Callable[[str, TwoStepTraining], None] = _ignored_fold
    """While genes are left out in turn: with what begins, and the training that `on_images` will count."""
    on_choice: Callable[[Choice], None] = _ignored
    """With what was chosen, where the method is auto."""
    on_step: Callable[[str], None] = _ignored
    """With what begins once all is learnt: the export, and its check."""

    @classmethod
    def of(
        cls,
        on_start: Callable[[TwoStepTraining], None] | None,
        on_images: Callable[[int], None] | None,
        on_epoch: Callable[[Epoch], None] | None,
    ) -> Callbacks:
        """From functions of which any may be None."""
        return cls(on_start or _ignored, on_images or _ignored, on_epoch or _ignored)
