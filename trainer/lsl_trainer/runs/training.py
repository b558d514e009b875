"""A training from a store to a run: learn, checkpoint every epoch, export and prove the bundle, report."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from numpy import int8
from numpy.typing import NDArray

from lsl_shared.files.store import Store
from lsl_trainer.choosing.choice import read_choice
from lsl_trainer.choosing.choose import Watch
from lsl_trainer.choosing.resolve import chosen_config, leaves_open
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import read_checkpoint
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.runs.callbacks import Callbacks
from lsl_trainer.runs.epochs import learn_epochs
from lsl_trainer.runs.features_folder import features_beside
from lsl_trainer.runs.finish import finish_run
from lsl_trainer.runs.leave_out import leave_out
from lsl_trainer.runs.robust import without_doubtful
from lsl_trainer.runs.run_folder import CHECKPOINTS, CONFIG, LAST, METRICS, check_new
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config

__all__ = ["Run", "train", "train_run"]


@dataclass(frozen=True)
class Run:
    """A finished training."""

    path: Path
    """The run's folder: model/, report.html, metrics.json, checkpoints/."""
    metrics: dict[str, Any]
    """What metrics.json holds: the scores of the exported graph on the test images, the epochs, the parity figures."""
    notes: tuple[str, ...]
    """What a person should know, such as classes without confident reference samples."""


def train(
    store: str | Path,
    config: TrainConfig,
    out: str | Path,
    *,
    part: NDArray[int8] | None = None,
    resume: bool = False,
    device: torch.device | None = None,
    on_start: Callable[[TwoStepTraining], None] | None = None,
    on_images: Callable[[int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Trains on a store by the method of its settings.

    Processes started by torchrun share every batch; the first one writes the run.

    Args:
        store: The image store.
        config: The settings; `PRESETS` has some to begin with.
        out: The folder of the run; it must be new or empty.
        part: A split made before, int8 (N,): 0 train, 1 calibration, 2 test. Without it the settings make one.
        resume: Whether to go on with the run in `out` after the last epoch that it finished. `config` and `part` must
            be that run's.
        device: Where to learn. Without it, the GPU where torch has one, else the CPU.
        on_start: Called with the training when it is prepared.
        on_images: Called with the number of images just learnt from.
        on_epoch: Called with each epoch as it ends.

    Returns:
        The finished run.

    Raises:
        ConfigError: A setting that does not serve, alone or for this store.
        StoreError: A damaged store, or a task that it lacks.
        TrainingError: Nothing to learn from, a loss that is not finite, or a folder that holds something else.
        ExportError: A graph that does not answer as the network does.

    Example:
        >>> from lsl_trainer import PRESETS, NetworkConfig, train
        >>> small = NetworkConfig(widths=(8,), strides=(2,), stem_stride=2, pool=2)
        >>> config = PRESETS["tiny"].having(network=small, method="plain", fine_epochs=2)
        >>> run = train("store.h5", config, "runs/small")
        >>> [epoch["step"] for epoch in run.metrics["epochs"]]
        ['fine', 'fine']
    """
    callbacks = Callbacks.of(on_start, on_images, on_epoch)
    return train_run(Path(store), config, Path(out), callbacks, part=part, resume=resume, device=device)


def train_run(
    store: Path,
    config: TrainConfig,
    out: Path,
    callbacks: Callbacks,
    *,
    part: NDArray[int8] | None = None,
    resume: bool = False,
    device: torch.device | None = None,
) -> Run:
    """`train`, with all that is called on the way in one object."""
    if not resume:
        check_new(out)
    # Waits for all processes, so that none takes this run for an earlier one.
    fabric = new_fabric(config.descent.precision, device)
    with Store(store) as opened, fabric.rank_zero_first():
        load = partial(load_data, opened, part=part, folder=out / CHECKPOINTS, shared=fabric.world_size > 1)
        data = load(config)
        if leaves_open(config):
            write_config(config, out / CONFIG)  # an interrupted choosing is gone on with
            watch = Watch(callbacks.on_trial, callbacks.on_images)
            config = chosen_config(data, config, fabric, out, features_beside(out), watch)
            data = load(config)
    robust = without_doubtful(store, data, config, fabric, out, callbacks) if config.labels.robust else None
    data = robust.data if robust else data
    training = TwoStepTraining(data, config, fabric, features=features_beside(out))
    last = out / CHECKPOINTS / LAST
    if resume and last.exists():
        training.resume(read_checkpoint(last, data.digest))
    if training.writes:
        write_config(config, out / CONFIG)
    if robust:
        training.notes.append(robust.note)
    if choice := read_choice(out):
        callbacks.on_choice(choice)
    callbacks.on_start(training)
    epochs = learn_epochs(training, out, callbacks)
    if len(data.folds) and training.left_out is None:
        training.left_out = leave_out(
            data, config, fabric, out / CHECKPOINTS, features_beside(out), callbacks.on_fold, callbacks.on_images
        )
    if training.writes:
        finish_run(training, store, out, epochs, robust.answers if robust else None, callbacks.on_step)
    fabric.barrier()
    return Run(out, json.loads((out / METRICS).read_text()), tuple(training.notes))
