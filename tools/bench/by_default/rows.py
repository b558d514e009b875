"""The rows of default.py: `auto`, what the default was before, and all methods and backbones in full."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from by_default.stores import SETTINGS, Setting, parts_of, store_of
from lsl_shared import Store
from lsl_trainer.choosing.candidate import Candidate, candidate_config
from lsl_trainer.choosing.choose import choose
from lsl_trainer.choosing.sight import look
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import TEST
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.learning.processes import new_fabric
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS

__all__ = ["COLUMNS", "Job", "jobs_of", "run_job"]

COLUMNS = ("setting", "seed", "row", "fold", "right", "images", "within_one", "seconds", "chosen")
_LITE = "efficientnet-lite0"
_LEARNING = {"backbone": _LITE, "learning_rate": 0.001, "layer_decay": 0.9}
_FROZEN = {"backbone": _LITE, "freeze": True}
_ALONE = ("plain",)
_WITH_COARSE = ("plain", "data-level", "feature-level", "coarse-constrained")


@dataclass(frozen=True)
class Job:
    """One training, or one fold of several."""

    setting: str
    seed: int
    row: str
    fold: int = 0

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What tells it from others in the CSV."""
        return self.setting, str(self.seed), self.row, str(self.fold)


def rows_of(setting: Setting) -> dict[str, dict[str, Any]]:
    """The settings of each row, over preset tiny; those that matter most come first."""
    methods = _WITH_COARSE if setting.coarse else _ALONE
    before = "feature-level" if setting.coarse else "plain"
    best = "coarse-constrained" if setting.coarse else "plain"
    first: dict[str, dict[str, Any]] = {
        "auto": {"method": "auto"},
        "auto, GPU": {"method": "auto"},
        "before": {"method": before},
        f"{best}, modern": {"method": best, "preset": "modern"},
        f"{best}, {_LITE}": {"method": best, **_LEARNING},
        f"{best}, {_LITE} frozen": {"method": best, **_FROZEN},
    }
    rest: dict[str, dict[str, Any]] = {
        "linear": {"method": "linear", "backbone": _LITE},
        "gabor": {"method": "gabor"},
    }
    for method in methods:
        rest[method] = {"method": method}
        rest[f"{method}, {_LITE}"] = {"method": method, **_LEARNING}
        rest[f"{method}, {_LITE} frozen"] = {"method": method, **_FROZEN}
    rest.pop(before)  # it is the row `before`
    return {**first, **{row: given for row, given in rest.items() if row not in first}}


def jobs_of(names: list[str], seeds: range, only: list[str], gpu: bool) -> list[Job]:
    """All trainings: row by row, so that what comes first tells of all settings."""
    listed = []
    for name in names:
        setting = SETTINGS[name]
        for place, row in enumerate(rows_of(setting)):
            if (only and row not in only) or (row == "auto, GPU" and not gpu):
                continue
            listed += [(seed, place, Job(name, seed, row, fold)) for seed in seeds for fold in range(setting.folds)]
    return [job for *_, job in sorted(listed, key=lambda one: one[:2])]


def run_job(job: Job, out: Path, device: str, epochs: int = 0) -> dict[str, Any]:
    """Trains, and asks about the test images; no graph is exported. `epochs` shortens it, to try the script."""
    setting, started = SETTINGS[job.setting], time.monotonic()
    with Store(store_of(out, setting, job.seed)) as store:
        parts = parts_of(store, setting)
        part = parts[job.fold] if parts else None
        config = _config(job, setting, epochs)
        folder = out / "features" / store_of(out, setting, job.seed).stem
        chosen, config = _chosen(job, store, config, part, folder, device)
        fabric = new_fabric("fp32", torch.device(device))
        data = load_data(store, config, part)
        training = TwoStepTraining(data, config, fabric, features=folder)
        for _ in training.run(lambda images: None):
            pass
        truth = _truth(store, data.fine_space.name)
        rows = np.flatnonzero((data.part == TEST) & (truth >= 0))
        logits = logits_of(training.network, store.select(rows), np.arange(len(rows)))
    answers = logits[:, : len(data.fine_space)].argmax(1).numpy()
    right, near = answers == truth[rows], np.abs(answers - truth[rows]) <= 1
    seconds = round(time.monotonic() - started, 1)
    values = (*job.key, int(right.sum()), len(rows), int(near.sum()), seconds, chosen)
    return dict(zip(COLUMNS, values, strict=True))


def _config(job: Job, setting: Setting, epochs: int) -> TrainConfig:
    given = dict(rows_of(setting)[job.row])
    base = PRESETS[given.pop("preset", "tiny")]
    short = {f"{step}_epochs": epochs for step in ("coarse", "fine", "feature", "constrained")} if epochs else {}
    return base.having(seed=job.seed, label_seed=job.seed, **setting.settings, **given, **short)


def _chosen(
    job: Job, store: Store, config: TrainConfig, part: NDArray[np.int8] | None, folder: Path, device: str
) -> tuple[str, TrainConfig]:
    """What auto chooses: as on two threads of a CPU, or with what the GPU allows."""
    if config.method != "auto":
        return "", config
    data, fabric = load_data(store, config, part), new_fabric("fp32", torch.device(device))
    sight = look(data, fabric.device)
    if job.row == "auto":
        sight = replace(sight, gpu=False, threads=2)
    choice = choose(data, config, fabric, features=folder, sight=sight)
    return choice.name, candidate_config(config, Candidate(choice.name, choice.settings))


def _truth(store: Store, task: str) -> NDArray[np.int64]:
    """The class of every image: that of the drawing where it was drawn, else the label."""
    drawn = task == "stage" and store.has_truth("stage")
    return (store.truth("stage") if drawn else store.labels(task)).astype(np.int64)
