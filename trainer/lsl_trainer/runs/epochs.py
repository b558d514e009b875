"""The epochs of a run: a checkpoint after each of them, the weights of each step kept apart, and a record of all.

Where F is frozen, there is a checkpoint after each step alone.
"""

from __future__ import annotations

import json
import time
from dataclasses import asdict, replace
from pathlib import Path

from lsl_shared.files.atomic import write_text
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import Checkpoint, save_weights, write_checkpoint
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.runs.callbacks import Callbacks
from lsl_trainer.runs.run_folder import CHECKPOINTS, EPOCHS, EVENTS, LAST
from lsl_trainer.runs.tensorboard import event_log

__all__ = ["learn_epochs"]


def learn_epochs(training: TwoStepTraining, out: Path, callbacks: Callbacks) -> list[Epoch]:
    """Runs all steps; gives all epochs, those before an interruption included."""
    epochs = _epochs_before(training, out)
    log = event_log(out / EVENTS, epochs) if training.writes else None
    callbacks.on_images(training.images_done)
    started = time.monotonic()
    for epoch, checkpoint in training.run(callbacks.on_images):
        now = time.monotonic()
        epochs.append(replace(epoch, seconds=now - started))
        started = now
        callbacks.on_epoch(epochs[-1])
        if log is not None:
            log(epochs[-1])
        if training.writes and (training.step_finished or not training.frozen):  # such epochs take less than a file
            _keep(training, checkpoint, epochs, out / CHECKPOINTS)
    return epochs


def _keep(training: TwoStepTraining, checkpoint: Checkpoint, epochs: list[Epoch], folder: Path) -> None:
    """Writes what is needed to go on after an epoch, the checkpoint last."""
    write_text(folder / EPOCHS, json.dumps([asdict(done) for done in epochs], indent=1))
    if training.step_finished:
        save_weights(folder / f"{checkpoint.step}.safetensors", checkpoint)
    write_checkpoint(folder / LAST, checkpoint, training.data.digest)


def _epochs_before(training: TwoStepTraining, out: Path) -> list[Epoch]:
    """The epochs that an interrupted run had finished by its last checkpoint."""
    path = out / CHECKPOINTS / EPOCHS
    done = [Epoch(**entries) for entries in json.loads(path.read_text())] if path.exists() else []
    return [epoch for epoch in done if training.is_done(epoch)]
