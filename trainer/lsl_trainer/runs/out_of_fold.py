"""What a cross-validation comes to: the answers of every fold's model for the images that it did not see, together."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.evaluation.scores import Scores, score
from lsl_runtime.model.model import Model
from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store
from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.calibration.bootstrap import interval, mean_replicates
from lsl_trainer.data.split import TEST
from lsl_trainer.reporting.reliability import Measured
from lsl_trainer.runs.run_folder import METRICS, MODEL

__all__ = ["CrossValidation", "Fold", "fold_folder", "score_folds"]

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
    """A finished cross-validation.

    Args:
        path: Its folder: fold-1/, fold-2/ …, each a run; report.html, metrics.json.
        scores: Of all out-of-fold answers together. Its coverage and set size say nothing: see the folds.
        intervals: Of accuracy, within_one and parent_accuracy, where there are such: value, and 95 % interval by a
            bootstrap over genes.
        folds: The runs, one for each fold.
        notes: What a person should know, each with the fold that it is about.
    """

    path: Path
    scores: Scores
    intervals: dict[str, Measured]
    folds: tuple[Fold, ...]
    notes: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """All figures as JSON values.

        Returns:
            The scores, intervals, folds and notes under these names.
        """
        scores = {name: value for name, value in asdict(self.scores).items() if name not in _WITHOUT}
        return {
            "scores": scores,
            "intervals": {name: asdict(value) for name, value in self.intervals.items()},
            "folds": [asdict(fold) for fold in self.folds],
            "notes": self.notes,
        }


def fold_folder(out: Path, number: int) -> Path:
    """The run of a fold, from 1, in the folder of its cross-validation."""
    return out / f"fold-{number}"


def score_folds(
    store: Store, out: Path, parts: Sequence[NDArray[np.int8]], truth: NDArray[np.int64]
) -> CrossValidation:
    """Asks the model of each fold for what it did not see, and scores all answers together.

    `parts` are the splits of the folds, int8 (N,), and `truth` (N,) the classes of the store's images, −1 unknown.
    """
    groups = store.groups()
    tested = [np.flatnonzero((part == TEST) & (truth >= 0)) for part in parts]
    models = [Model.load(fold_folder(out, number) / MODEL, device="cpu") for number in range(1, len(parts) + 1)]
    answers = [model.predict(store.select(rows)).probabilities for model, rows in zip(models, tested, strict=True)]
    folds = [
        _fold(number, model, truth[rows], probabilities, groups[rows])
        for number, (model, rows, probabilities) in enumerate(zip(models, tested, answers, strict=True), start=1)
    ]
    rows, probabilities, task = np.concatenate(tested), np.concatenate(answers), models[-1].task
    return CrossValidation(
        path=out,
        scores=score(task, truth[rows], probabilities, groups[rows]),
        intervals=_intervals(task, truth[rows], probabilities.argmax(1), groups[rows]),
        folds=tuple(folds),
        notes=tuple(f"fold {fold.number}: {note}" for fold in folds for note in _notes(fold_folder(out, fold.number))),
    )


def _fold(
    number: int, model: Model, truth: NDArray[np.int64], probabilities: NDArray[np.float32], genes: NDArray[np.int64]
) -> Fold:
    right = probabilities.argmax(1) == truth
    accuracy = float(right.mean()) if len(right) else 0.0
    return Fold(number, int(model.manifest.training["fine_images"]), len(right), len(np.unique(genes)), accuracy)


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
