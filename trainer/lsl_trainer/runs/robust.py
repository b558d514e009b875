"""Training without doubtful labels: what models say of genes that they did not see tells which labels these are."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from lightning_fabric import Fabric
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.files.manifest import Task
from lsl_shared.files.out_of_fold import OutOfFold
from lsl_shared.files.store import Store
from lsl_tools.auditing.estimate import estimated
from lsl_tools.auditing.evidence import evidence_of
from lsl_trainer.data.doubted import DoubtedStore
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.learning.left_out_file import answers_of
from lsl_trainer.runs.callbacks import Callbacks
from lsl_trainer.runs.features_folder import features_beside
from lsl_trainer.runs.leave_out import leave_out
from lsl_trainer.runs.run_folder import CHECKPOINTS
from lsl_trainer.settings.config import TrainConfig

__all__ = ["Robust", "without_doubtful"]

DOUBTFUL = 0.2
"""Labels that are wrong with at least this probability are left out. Of 0.1 to 0.5, it gave the best accuracy on
development stores with planted errors. To judge again by models without these labels added nothing."""
Doubted = dict[str, NDArray[np.int64]]
"""Task → the images (n,) whose label of it is doubtful."""


@dataclass(frozen=True)
class Robust:
    """What is left to learn from."""

    data: TrainingData
    answers: OutOfFold
    """Of models that learnt from all labels: `lsl-store audit` reads these."""
    note: str


def without_doubtful(
    store: Path, data: TrainingData, config: TrainConfig, fabric: Fabric, out: Path, callbacks: Callbacks
) -> Robust:
    """Leaves all genes out in turn, and loads the data again without the labels that the answers make doubtful.

    The split stays. Raises ConfigError where genes cannot be left out in turn.
    """
    if not len(data.folds) or not data.first:
        raise ConfigError("--robust leaves genes out in turn, and needs classes, and images of two genes or more")
    answers = _answers(data, config, fabric, out, callbacks)
    doubted = _doubted(store, answers)
    with DoubtedStore(store, doubted) as trusted, fabric.rank_zero_first():
        shared, folder = fabric.world_size > 1, out / CHECKPOINTS
        return Robust(load_data(trusted, config, data.part, folder=folder, shared=shared), answers, _told(doubted))


def _answers(data: TrainingData, config: TrainConfig, fabric: Fabric, out: Path, callbacks: Callbacks) -> OutOfFold:
    space = data.fine_space
    left_out = _left_out(data, config, fabric, out, callbacks)
    return answers_of(left_out, data, Task(space.name, space.classes))


def _left_out(data: TrainingData, config: TrainConfig, fabric: Fabric, out: Path, callbacks: Callbacks) -> LeftOut:
    features = features_beside(out)
    training = TwoStepTraining(data, config, fabric, features=features)
    if training.plan.fit is None:
        return leave_out(data, config, fabric, out / CHECKPOINTS, features, callbacks.on_fold, callbacks.on_images)
    callbacks.on_fold("looking for doubtful labels", training)
    for _ in training.run(callbacks.on_images):
        pass
    assert training.left_out is not None  # the data have folds
    return training.left_out


def _doubted(store: Path, answers: OutOfFold) -> Doubted:
    """By task, the images (n,) of the store whose label is doubtful, of all its labels."""
    found: Doubted = {}
    with Store(store) as opened:
        for evidence in evidence_of(opened, answers):
            estimate = estimated(evidence)
            for task, wrong in zip(evidence.tasks, estimate.wrong, strict=True):
                found[task.name] = evidence.rows[np.nan_to_num(wrong) >= DOUBTFUL]
    return found


def _told(doubted: Doubted) -> str:
    told = " and ".join(f"{len(rows):,} of {task}" for task, rows in doubted.items())
    return f"doubtful labels that nothing was learnt from: {told}; `lsl-store audit` lists them"
