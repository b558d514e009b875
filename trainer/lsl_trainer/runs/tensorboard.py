"""Learning curves for TensorBoard, where it is installed."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path

from lsl_trainer.learning.epoch import Epoch

__all__ = ["event_log"]


def event_log(folder: Path, before: Sequence[Epoch] = ()) -> Callable[[Epoch], None]:
    """What to call with each epoch: it appends to the event file in `folder`, or does nothing without TensorBoard.

    `before` are the epochs of an interrupted run, after which the file goes on.
    """
    if importlib.util.find_spec("tensorboard") is None:
        return lambda epoch: None
    from torch.utils.tensorboard.writer import SummaryWriter

    number = len(before)
    writer = SummaryWriter(str(folder), purge_step=number + 1 if before else None)

    def log(epoch: Epoch) -> None:
        nonlocal number
        number += 1
        for name in ("loss", "accuracy", "learning_rate"):
            if (value := getattr(epoch, name)) is not None:
                writer.add_scalar(f"{epoch.step}/{name}", value, number)
        writer.flush()

    return log
