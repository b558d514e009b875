"""Cross-validation by gene: every labelled image is tested once, by a network that saw no image of its gene."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.evaluation.scores import Scores, score
from lsl_runtime.model.model import Model
from lsl_shared.errors import TrainingError
from lsl_shared.files.atomic import write_text
from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.calibration.bootstrap import interval, mean_replicates
from lsl_trainer.data.chosen_tasks import task_to_learn
from lsl_trainer.data.split import TEST, fold_store, stored_duplicates
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.reporting.figures import confusion_matrix
from lsl_trainer.reporting.page import write_page
from lsl_trainer.reporting.reliability import Measured
from lsl_trainer.reporting.versions import versions
from lsl_trainer.runs.folds_file import write_folds
from lsl_trainer.runs.training import CONFIG, METRICS, train
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.config_file import write_config

__all__ = ["CrossValidation", "Fold", "cross_validate"]

_REPLICATES = 2000
_WITHOUT = ("coverage", "mean_set_size")
"""Every fold has prediction sets of its own threshold; they are told with it."""


@dataclass(frozen=True)
class Fold:
    """One of the runs."""

    number: int
    """From 1."""
    fine_images: int
    """Trained on."""
    n_images: int
    """Tested on."""
    n_genes: int
    accuracy: float


@dataclass(frozen=True)
class CrossValidation:
    """A finished cross-validation."""

    path: Path
    """Its folder: fold-1/, fold-2/ …, each a run; report.html, metrics.json."""
    scores: Scores
    """Of all out-of-fold answers together. Its coverage and set size say nothing: see the folds."""
    intervals: dict[str, Measured]
    """Of accuracy, within_one and parent_accuracy, where there are such: a bootstrap over genes."""
    folds: tuple[Fold, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON values."""
        scores = {name: value for name, value in asdict(self.scores).items() if name not in _WITHOUT}
        return {
            "scores": scores,
            "intervals": {name: asdict(value) for name, value in self.intervals.items()},
            "folds": [asdict(fold) for fold in self.folds],
            "notes": self.notes,
        }


def cross_validate(
    store: str | Path,
    config: TrainConfig,
    out: str | Path,
    folds: int,
    *,
    resume: bool = False,
    on_start: Callable[[int, TwoStepTraining], None] | None = None,
    on_images: Callable[[int], None] | None = None,
    on_epoch: Callable[[Epoch], None] | None = None,
) -> CrossValidation:
    """Trains `folds` runs, RUN/fold-1 …, and scores their out-of-fold answers together.

    With `resume`, finished folds are kept and an interrupted one goes on. `on_start` receives the number of each fold
    and its prepared training; the others are those of `train`. Raises LslError as `train` and `fold_store` do.
    """
    out, told = Path(out), on_start or (lambda number, training: None)
    with Store(store) as opened:
        parts, space = _parts(opened, config, folds), task_to_learn(opened, config.labels)
        truth, groups = opened.labels(space.name).astype(np.int64), opened.groups()
    if not resume and out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise TrainingError(f"{out} exists already; choose another --out, or --resume to go on with it")
    write_folds(out, folds)
    write_config(config, out / CONFIG)
    for number, part in enumerate(parts, start=1):
        path = out / f"fold-{number}"
        if not (path / METRICS).exists():
            begun = (path / CONFIG).exists()
            train(
                store, config, path, part=part, resume=begun, on_images=on_images, on_epoch=on_epoch,
                on_start=partial(told, number),
            )  # fmt: skip
    found = _pooled(store, out, parts, truth, groups)
    _write(found, space, config)
    return found


def _parts(store: Store, config: TrainConfig, folds: int) -> list[NDArray[np.int8]]:
    """The split of each fold; equal images stay together."""
    space = task_to_learn(store, config.labels)
    tasks = tuple(name for name in (space.name, config.labels.coarse or space.parent) if name)
    labelled = np.flatnonzero(np.any([store.labels(name) >= 0 for name in tasks], axis=0))
    chance = np.random.default_rng([config.seed, 1])
    return fold_store(store, config.labels.split, folds, tasks, chance, stored_duplicates(store, labelled))


def _tested(store: Store, out: Path, number: int, rows: NDArray[np.int64]) -> tuple[Model, NDArray[np.float32]]:
    """The model of a fold, and its probabilities (n, K) for the images that it did not see."""
    model = Model.load(out / f"fold-{number}" / "model", device="cpu")
    return model, model.predict(store.select(rows)).probabilities


def _pooled(
    store: str | Path, out: Path, parts: list[NDArray[np.int8]], truth: NDArray[np.int64], groups: NDArray[np.int64]
) -> CrossValidation:
    folds, notes, answers = [], list[str](), []
    tested = [np.flatnonzero((part == TEST) & (truth >= 0)) for part in parts]
    with Store(store) as opened:
        for number, rows in enumerate(tested, start=1):
            model, probabilities = _tested(opened, out, number, rows)
            right = probabilities.argmax(1) == truth[rows]
            trained = int(model.manifest.training["fine_images"])
            share = float(right.mean()) if len(rows) else 0.0
            folds.append(Fold(number, trained, len(rows), len(np.unique(groups[rows])), share))
            notes += [f"fold {number}: {note}" for note in _notes(out / f"fold-{number}")]
            answers.append(probabilities)
    rows, probabilities = np.concatenate(tested), np.concatenate(answers)
    return CrossValidation(
        path=out,
        scores=score(model.task, truth[rows], probabilities, groups[rows]),
        intervals=_intervals(model.task, truth[rows], probabilities.argmax(1), groups[rows]),
        folds=tuple(folds),
        notes=tuple(notes),
    )


def _notes(run: Path) -> list[str]:
    return list(json.loads((run / METRICS).read_text(encoding="utf-8"))["notes"])


def _intervals(
    task: Task, truth: NDArray[np.int64], predicted: NDArray[np.int64], groups: NDArray[np.int64]
) -> dict[str, Measured]:
    parent = np.array(task.parent_index)
    right = {"accuracy": truth == predicted}
    if is_ordered(task.classes):
        right["within_one"] = np.abs(truth - predicted) <= 1
    if task.parent:
        right["parent_accuracy"] = parent[truth] == parent[predicted]
    values = np.stack(list(right.values()), axis=1).astype(np.float64)
    replicates = mean_replicates(values, groups, np.random.default_rng(0), _REPLICATES)
    return {name: Measured(float(values[:, k].mean()), *interval(replicates[:, k])) for k, name in enumerate(right)}


def _write(found: CrossValidation, space: LabelSpace, config: TrainConfig) -> None:
    """The report, and metrics.json last: with it the cross-validation is finished."""
    write_page(
        found.path / "report.html",
        "folds.html",
        title=f"{space.name}: {config.method}, preset {config.preset}, {len(found.folds)} folds",
        found=found,
        scores=found.scores,
        space=space,
        matrix=confusion_matrix(np.array(found.scores.confusion), space.classes),
    )
    figures = {**found.to_dict(), "config": config.to_dict(), "versions": versions()}
    write_text(found.path / METRICS, json.dumps(figures, indent=1, ensure_ascii=False))
