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
from safetensors.torch import save_file

from lsl_runtime.evaluate import evaluate
from lsl_runtime.model import Model
from lsl_shared.atomic import atomic_path, write_text
from lsl_shared.errors import TrainingError
from lsl_shared.store import Store
from lsl_trainer.algorithm import TwoStepTraining
from lsl_trainer.bundle import write_bundle
from lsl_trainer.config import TrainConfig
from lsl_trainer.data import load_data
from lsl_trainer.learn import Epoch
from lsl_trainer.report import write_report

__all__ = ["Run", "best_device", "train"]


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
    device: torch.device | None = None,
    on_start: Callable[[TwoStepTraining], None] | None = None,
    on_images: Callable[[int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> Run:
    """Trains on a store by the method of `config` and writes the run to the folder `out`, which must be new or empty.

    `on_start` receives the prepared training, `on_images` the number of images just learnt from, `on_epoch` each epoch.
    Raises LslError: a store or a setting that does not serve, or an export that failed its check.
    """
    out = Path(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(f"{out} exists already; choose another --out")
    with Store(store) as opened:
        data = load_data(opened, config)
    training = TwoStepTraining(data, config, device or best_device())
    if on_start:
        on_start(training)
    epochs = _learn(training, out, on_images or (lambda count: None), on_epoch or (lambda epoch: None))
    _, parity = write_bundle(training.network, data, config, out / "model")
    model = Model.load(out / "model", device="cpu", verify=True)
    evaluation = evaluate(store, model)
    metrics = {
        "evaluation": asdict(evaluation),
        "epochs": [asdict(epoch) for epoch in epochs],
        "parity": asdict(parity),
        "notes": training.notes,
        "config": config.to_dict(),
    }
    write_text(out / "metrics.json", json.dumps(metrics, indent=1, ensure_ascii=False))
    write_report(out / "report.html", training, model, evaluation, epochs)
    return Run(out, metrics, tuple(training.notes))


def best_device() -> torch.device:
    """The GPU where torch has one, else the CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of drivers that are too old; the CPU serves then
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def _learn(
    training: TwoStepTraining, out: Path, on_images: Callable[[int], None], on_epoch: Callable[[Epoch], None]
) -> list[Epoch]:
    """Runs the algorithm; the weights of each step's last epoch lie in checkpoints/."""
    epochs: list[Epoch] = []
    started = time.monotonic()
    for epoch in training.run(on_images):
        now = time.monotonic()
        epochs.append(replace(epoch, seconds=now - started))
        started = now
        _checkpoint(training, epochs[-1], out / "checkpoints")
        on_epoch(epochs[-1])
    return epochs


def _checkpoint(training: TwoStepTraining, epoch: Epoch, folder: Path) -> None:
    weights = {name: tensor.contiguous() for name, tensor in training.network.state_dict().items()}
    with atomic_path(folder / f"{epoch.step}.safetensors") as temporary:
        save_file(weights, temporary, {"step": epoch.step, "epoch": str(epoch.number)})
