"""Which epochs of a training learn from images of half the size: its first ones."""

from __future__ import annotations

from collections.abc import Sequence

from lsl_trainer.learning.steps.planned import PlannedStep
from lsl_trainer.networks.any_size import half_size
from lsl_trainer.settings.config import TrainConfig

__all__ = ["set_half_size_epochs"]

_MOST_OF_THE_LAST = 0.8


def set_half_size_epochs(planned: Sequence[PlannedStep], config: TrainConfig, image_size: tuple[int, int]) -> None:
    """Tells each step how many of its epochs do, together the share of the settings; the last step not wholly."""
    whole = bool(config.transfer.backbone) or any(step.whole_before for step in planned)
    if whole or half_size(config.network, image_size) is None:
        return
    left = config.epochs.half_size * sum(step.epochs * step.images for step in planned if step.any_size)
    for step in planned:
        most = int(_MOST_OF_THE_LAST * step.epochs) if step is planned[-1] else step.epochs
        step.half_size_epochs = min(most, int(left / step.images)) if step.any_size else 0
        left -= step.half_size_epochs * step.images
