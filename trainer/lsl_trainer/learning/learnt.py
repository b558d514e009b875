"""When a step has learnt all that its images can teach: every one is named right, epoch after epoch."""

from __future__ import annotations

from lsl_trainer.learning.epoch import Epoch

__all__ = ["Learnt"]

_IN_A_ROW = 3


class Learnt:
    """Counts the `epochs` in a row in which all training images were right."""

    def __init__(self) -> None:
        self.epochs = 0

    @property
    def is_all(self) -> bool:
        """Whether three epochs in a row were."""
        return self.epochs >= _IN_A_ROW

    def take(self, epoch: Epoch) -> None:
        """Counts one more epoch, or begins anew."""
        self.epochs = self.epochs + 1 if epoch.accuracy == 1 else 0
