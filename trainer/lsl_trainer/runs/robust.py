"""Training without doubtful labels: what models say of genes that they did not see tells which labels these are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
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
from lsl_trainer.frozen.features import FEATURES
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.runs.callbacks import Callbacks
from lsl_trainer.runs.leave_out import leave_out
from lsl_trainer.runs.left_out_file import answers_of
from lsl_trainer.runs.run_folder import CHECKPOINTS
from lsl_trainer.settings.config import TrainConfig

__all__ = ["Robust", "without_doubtful"]

DOUBTFUL = 0.3
"""Labels that are wrong with at least this probability are left out. Of 0.3 and 0.5, 0.3 gave the better accuracy on
development stores with planted errors."""


@dataclass(frozen=True)
class Robust:
    """What is left to learn from."""

    data: TrainingData
    answers: OutOfFold
    """Of models that learnt from all labels: `lsl-store audit` reads these."""
    note: str


def without_doubtful(
    store: Store, data: TrainingData, config: TrainConfig, fabric: Fabric, out: Path, callbacks: Callbacks
) -> Robust:
    """Leaves all genes out in turn, and loads the data again without the labels that the answers make doubtful.

    The split stays. Raises ConfigError where genes are not left out in turn.
    """
    if not len(data.folds):
        raise ConfigError("--robust leaves genes out in turn: add --calibration cross")
    left_out = _left_out(data, config, fabric, out, callbacks)
    space = data.fine_space
    answers = answers_of(left_out, data, Task(space.name, space.classes))
    doubted = _doubted(store, answers)
    with DoubtedStore(store.path, doubted) as trusted:
        load = partial(load_data, part=data.part, folder=out / CHECKPOINTS, shared=fabric.world_size > 1)
        return Robust(load(trusted, config), answers, _told(doubted))


def _left_out(data: TrainingData, config: TrainConfig, fabric: Fabric, out: Path, callbacks: Callbacks) -> LeftOut:
    features = out.parent / FEATURES
    training = TwoStepTraining(data, config, fabric, features=features)
    if training.plan.fit is None:
        return leave_out(data, config, fabric, out / CHECKPOINTS, features, callbacks.on_fold, callbacks.on_images)
    callbacks.on_fold("looking for doubtful labels", training)
    for _ in training.run(callbacks.on_images):
        pass
    assert training.left_out is not None  # the data have folds
    return training.left_out


def _doubted(store: Store, answers: OutOfFold) -> dict[str, NDArray[np.int64]]:
    """By task, the images (n,) of the store whose label is doubtful."""
    found: dict[str, NDArray[np.int64]] = {}
    for evidence in evidence_of(store, answers):
        estimate = estimated(evidence)
        for task, wrong in zip(evidence.tasks, estimate.wrong, strict=True):
            found[task.name] = evidence.rows[np.nan_to_num(wrong) >= DOUBTFUL]
    return found


def _told(doubted: dict[str, NDArray[np.int64]]) -> str:
    told = " and ".join(f"{len(rows):,} of {task}" for task, rows in doubted.items())
    return f"doubtful labels that nothing was learnt from: {told}; `lsl-store audit` lists them"
