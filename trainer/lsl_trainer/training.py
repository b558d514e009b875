"""A training from a store to a run: learn, checkpoint every epoch, export and prove the bundle, report."""

from __future__ import annotations

import json
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import torch

from lsl_runtime.evaluation import evaluate
from lsl_runtime.model import Model
from lsl_shared.atomic import write_text
from lsl_shared.errors import TrainingError
from lsl_shared.store import Store
from lsl_trainer.algorithm import TwoStepTraining
from lsl_trainer.bundle import write_bundle
from lsl_trainer.checkpoint import read_checkpoint, save_weights, write_checkpoint
from lsl_trainer.config import TrainConfig
from lsl_trainer.config_file import write_config
from lsl_trainer.data import load_data
from lsl_trainer.learn import Epoch
from lsl_trainer.report import write_report
from lsl_trainer.split import TEST

__all__ = ["CONFIG", "Run", "best_device", "check_resumable", "train"]

CONFIG, METRICS, CHECKPOINTS, LAST, EPOCHS = (
    "config.toml",
    "metrics.json",
    "checkpoints",
    "last.safetensors",
    "epochs.json",
)


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
    resume: bool = False,
    device: torch.device | None = None,
    on_start: Callable[[TwoStepTraining], None] | None = None,
    on_images: Callable[[int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Trains on a store by the method of `config` and writes the run to the folder `out`, which must be new or empty.

    With `resume`, goes on with the run in `out` after the last epoch that it finished; `config` must be that run's
    (`config_file.read_config(out / "config.toml")`). `on_start` receives the prepared training, `on_images` the number
    of images just learnt from, `on_epoch` each epoch. Raises LslError: a store or a setting that does not serve, or an
    export that failed its check.
    """
    out = Path(out)
    if not resume:
        _refuse_existing(out)
    with Store(store) as opened:
        data = load_data(opened, config)
    training = TwoStepTraining(data, config, device or best_device())
    last = out / CHECKPOINTS / LAST
    if resume and last.exists():
        training.resume(read_checkpoint(last, data.digest))
    write_config(config, out / CONFIG)
    if on_start:
        on_start(training)
    epochs = _learn(training, out, on_images or (lambda count: None), on_epoch or (lambda epoch: None))
    _, parity = write_bundle(training.network, data, config, out / "model")
    model = Model.load(out / "model", device="cpu", verify=True)
    evaluation = evaluate(store, model, everything=not (data.part == TEST).any())
    metrics = {
        "evaluation": asdict(evaluation),
        "epochs": [asdict(epoch) for epoch in epochs],
        "parity": asdict(parity),
        "notes": training.notes,
        "config": config.to_dict(),
    }
    write_report(out / "report.html", training, model, evaluation, epochs)
    write_text(out / METRICS, json.dumps(metrics, indent=1, ensure_ascii=False))
    return Run(out, metrics, tuple(training.notes))


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


def best_device() -> torch.device:
    """The GPU where torch has one, else the CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of drivers that are too old; the CPU serves then
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _learn(
    training: TwoStepTraining, out: Path, on_images: Callable[[int], None], on_epoch: Callable[[Epoch], None]
) -> list[Epoch]:
    """Runs the algorithm with a checkpoint after every epoch; each step's last weights are kept apart."""
    epochs, record = _epochs_before(out, training), out / CHECKPOINTS / EPOCHS
    on_images(training.images_done)
    started = time.monotonic()
    for epoch, checkpoint in training.run(on_images):
        now = time.monotonic()
        epochs.append(replace(epoch, seconds=now - started))
        started = now
        write_text(record, json.dumps([asdict(done) for done in epochs], indent=1))
        if checkpoint.epoch == training.config.to_dict()[f"{checkpoint.step}_epochs"]:
            save_weights(out / CHECKPOINTS / f"{checkpoint.step}.safetensors", checkpoint)
        write_checkpoint(out / CHECKPOINTS / LAST, checkpoint, training.data.digest)
        on_epoch(epochs[-1])
    return epochs


def _epochs_before(out: Path, training: TwoStepTraining) -> list[Epoch]:
    """The epochs that an interrupted run had finished by its last checkpoint."""
    path = out / CHECKPOINTS / EPOCHS
    done = [Epoch(**entries) for entries in json.loads(path.read_text())] if path.exists() else []
    return done[: training.epochs_done]
