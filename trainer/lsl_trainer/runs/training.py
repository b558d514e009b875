"""A training from a store to a run: learn, checkpoint every epoch, export and prove the bundle, report."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_runtime.evaluation.evaluate import evaluate
from lsl_runtime.model.model import Model
from lsl_shared.errors import TrainingError
from lsl_shared.files.atomic import write_text
from lsl_shared.files.store import Store
from lsl_trainer.bundle.variants import half_bundle, int8_bundle
from lsl_trainer.bundle.write import write_bundle
from lsl_trainer.data.image_cache import remove_images
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import TEST
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.checkpoint import read_checkpoint, save_weights, write_checkpoint
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.reporting.findings import find_out
from lsl_trainer.reporting.report import write_report
from lsl_trainer.reporting.versions import versions
from lsl_trainer.runs.tensorboard import event_log
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config

__all__ = ["CONFIG", "Run", "check_resumable", "train"]

CONFIG, METRICS, EVENTS = "config.toml", "metrics.json", "tensorboard"
CHECKPOINTS, LAST, EPOCHS = "checkpoints", "last.safetensors", "epochs.json"

_MODEL, _MODEL_FP16, _MODEL_INT8 = "model", "model-fp16", "model-int8"
_QUANTIZED_BY = 64


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
    part: NDArray[np.int8] | None = None,
    resume: bool = False,
    device: torch.device | None = None,
    on_start: Callable[[TwoStepTraining], None] | None = None,
    on_images: Callable[[int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Trains on a store by the method of `config` and writes the run to the folder `out`, which must be new or empty.

    `part` int8 (N,), index into PARTS, is a split made before; without it the settings make one. With `resume`, goes on
    with the run in `out` after the last epoch that it finished; `config` and `part` must be that run's
    (`config_file.read_config(out / "config.toml")`). `on_start` receives the prepared training, `on_images` the number
    of images just learnt from, `on_epoch` each epoch. Processes started by torchrun share every batch; the first one
    writes the run. Raises LslError: a store or a setting that does not serve, or an export that failed its check.
    """
    out = Path(out)
    if not resume:
        _refuse_existing(out)
    # Waits for all processes, so that none takes this run for an earlier one.
    fabric = new_fabric(config.descent.precision, device)
    with Store(store) as opened, fabric.rank_zero_first():
        data = load_data(opened, config, part, folder=out / CHECKPOINTS, shared=fabric.world_size > 1)
    training = TwoStepTraining(data, config, fabric)
    last = out / CHECKPOINTS / LAST
    if resume and last.exists():
        training.resume(read_checkpoint(last, data.digest))
    if fabric.is_global_zero:
        write_config(config, out / CONFIG)
    if on_start:
        on_start(training)
    epochs = _learn(training, out, on_images or (lambda count: None), on_epoch or (lambda epoch: None))
    if fabric.is_global_zero:
        _finish(training, store, out, epochs)
    fabric.barrier()
    return Run(out, json.loads((out / METRICS).read_text()), tuple(training.notes))


def _finish(training: TwoStepTraining, store: str | Path, out: Path, epochs: list[Epoch]) -> None:
    """The bundle, its evaluation on the test images, the report, and metrics.json last."""
    data, config = training.data, training.config
    for bundle in (_MODEL, _MODEL_FP16, _MODEL_INT8):
        shutil.rmtree(out / bundle, ignore_errors=True)  # of a run that was killed before its report
    _, parity = write_bundle(training.network, data, config, out / _MODEL)
    if config.export.graph_precision == "fp16":
        half_bundle(out / _MODEL, out / _MODEL_FP16)
    if config.export.graph_precision == "int8":
        images = data.fine.images[np.sort(data.fine.rows[:_QUANTIZED_BY])]
        int8_bundle(out / _MODEL, images, out / _MODEL_INT8)
    model = Model.load(out / _MODEL, device="cpu", verify=True)
    evaluation = evaluate(store, model, everything=not (data.part == TEST).any())
    found = find_out(model, data, evaluation, epochs, config.seed)
    metrics = {
        "evaluation": asdict(evaluation),
        "calibration": asdict(found.calibration) if found.calibration else None,
        "epochs": [asdict(epoch) for epoch in epochs],
        "parity": asdict(parity),
        "notes": training.notes,
        "config": config.to_dict(),
        "versions": versions(),
    }
    write_report(out / "report.html", training, found)
    write_text(out / METRICS, json.dumps(metrics, indent=1, ensure_ascii=False))
    remove_images(out / CHECKPOINTS)


def check_resumable(out: Path) -> None:
    """Raises TrainingError unless `out` holds a run that was begun and not finished."""
    if not (out / CONFIG).exists():
        raise TrainingError(f"{out} holds no run to go on with; leave out --resume to begin one")
    if (out / METRICS).exists():
        raise TrainingError(f"{out} is finished; begin another run with another --out")


def _refuse_existing(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        begun = (out / CONFIG).exists() and not (out / METRICS).exists()
        remedy = "--resume goes on with it" if begun else "choose another --out"
        raise TrainingError(f"{out} exists already; {remedy}")


def _learn(
    training: TwoStepTraining, out: Path, on_images: Callable[[int], None], on_epoch: Callable[[Epoch], None]
) -> list[Epoch]:
    """Runs the algorithm with a checkpoint after every epoch; each step's final weights are kept apart."""
    epochs, record = _epochs_before(out, training), out / CHECKPOINTS / EPOCHS
    log = event_log(out / EVENTS, epochs) if training.writes else None
    on_images(training.images_done)
    started = time.monotonic()
    for epoch, checkpoint in training.run(on_images):
        now = time.monotonic()
        epochs.append(replace(epoch, seconds=now - started))
        started = now
        on_epoch(epochs[-1])
        if log is None:
            continue
        log(epochs[-1])
        write_text(record, json.dumps([asdict(done) for done in epochs], indent=1))
        if training.step_finished:
            save_weights(out / CHECKPOINTS / f"{checkpoint.step}.safetensors", checkpoint)
        write_checkpoint(out / CHECKPOINTS / LAST, checkpoint, training.data.digest)
    return epochs


def _epochs_before(out: Path, training: TwoStepTraining) -> list[Epoch]:
    """The epochs that an interrupted run had finished by its last checkpoint."""
    path = out / CHECKPOINTS / EPOCHS
    done = [Epoch(**entries) for entries in json.loads(path.read_text())] if path.exists() else []
    return [epoch for epoch in done if training.is_done(epoch)]
