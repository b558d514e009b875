"""The learning rate over a step: the paper's two drops, or a cosine after a short warm-up."""

from __future__ import annotations

import math

from lsl_trainer.settings.groups import Descent

__all__ = ["scheduled_rate"]

_WARM_UP = 0.05


def scheduled_rate(highest: float, done: int, whole: int, descent: Descent) -> float:
    """The learning rate of the next batch, when `done` of the `whole` batches of a step are behind it."""
    if descent.schedule == "steps":
        return highest * 0.1 ** sum(done >= share * whole for share in descent.milestones)
    warm_up = max(1, round(_WARM_UP * whole))
    return highest * min((done + 1) / warm_up, 0.5 * (1 + math.cos(math.pi * done / whole)))
