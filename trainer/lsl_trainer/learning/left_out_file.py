"""The file of a run that tells what was said of genes which were left out in turn."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.files.manifest import Task
from lsl_shared.files.out_of_fold import OutOfFold, TaskAnswers, write_out_of_fold
from lsl_trainer.calibration.temperature import softmax
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.losses.constraint import constraint_of

__all__ = ["answers_of", "write_left_out"]


def write_left_out(left_out: LeftOut, data: TrainingData, task: Task, path: Path) -> None:
    """Writes the probabilities of the fine classes, and of those of the coarse task where there is one alone."""
    write_out_of_fold(path, answers_of(left_out, data, task))


def answers_of(left_out: LeftOut, data: TrainingData, task: Task) -> OutOfFold:
    """What the file says; `task` tells the classes and the temperature."""
    labelled = (data.fine, data.coarse, data.constrained)
    ids = np.full(len(left_out.rows), "", dtype=object)
    for images in labelled:
        ids[left_out.places(images.rows)] = images.ids
    fine = _labels(left_out, data.fine.rows, data.fine.labels)
    within = softmax(left_out.logits[:, : len(task.classes)], task.temperature)
    tasks = {task.name: TaskAnswers(task.classes, within.astype(np.float32), fine)}
    coarse = data.constraints[0] if len(data.constraints) == 1 else None
    if coarse and data.coarse_space and data.coarse_space.name == coarse.name:
        found = _coarse_probabilities(left_out, data, coarse, task.temperature)
        tasks[coarse.name] = TaskAnswers(coarse.classes, found, _labels(left_out, data.coarse.rows, data.coarse.labels))
    return OutOfFold(data.fingerprint, ids, left_out.folds.astype(np.int16), tasks)


def _labels(left_out: LeftOut, rows: NDArray[np.int64], labels: NDArray[np.int64]) -> NDArray[np.int16]:
    found = np.full(len(left_out.rows), -1, np.int16)
    found[left_out.places(rows)] = labels
    return found


def _coarse_probabilities(
    left_out: LeftOut, data: TrainingData, coarse: CoarseTask, temperature: float
) -> NDArray[np.float32]:
    """Of the classes of the coarse task (n, C): the sums over what each allows; NaN where a class has no output."""
    probabilities, outputs = softmax(left_out.logits, temperature), left_out.logits.shape[1]
    allowed = constraint_of(data).sets.numpy()
    if outputs < allowed.shape[1]:  # of networks, which drop the outputs of childless classes
        allowed = allowed[:, :outputs]
    found = probabilities @ allowed.T.astype(np.float64)
    found /= np.maximum(found.sum(1, keepdims=True), 1e-12)  # where sets overlap
    return np.where(allowed.any(1), found, np.nan).astype(np.float32)
