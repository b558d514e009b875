"""The manifest of a trained network: its tasks, calibrated on held-out genes, and how it was trained and tested."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.evaluation.scores import score
from lsl_shared.files.manifest import Manifest, Task
from lsl_trainer.bundle.network_answers import NetworkAnswers
from lsl_trainer.calibration.temperature import softmax
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.tasks.learnt_task import HeldOut

__all__ = ["calibrated_tasks", "new_manifest"]


def new_manifest(
    answers: NetworkAnswers, data: TrainingData, config: TrainConfig, scope_threshold: float | None
) -> Manifest:
    """All that a bundle says of its network."""
    tasks, settings = calibrated_tasks(answers, data, config.seed), config.to_dict()
    shape = settings["network"]
    return Manifest(
        image_size=data.image_size,
        tasks=tasks,
        network={"backbone": config.transfer.backbone} if config.transfer.backbone else shape,
        training={**settings, "fine_images": len(data.fine), "coarse_images": len(data.coarsely_labelled)},
        test_metrics=_test_metrics(answers.test, data.test, tasks[0]),
        store_fingerprint=data.fingerprint,
        package_version=version("lsl-toolkit"),
        golden=answers.golden,
        scope_threshold=scope_threshold,
    )


def calibrated_tasks(answers: NetworkAnswers, data: TrainingData, seed: int) -> tuple[Task, ...]:
    """The entries of all tasks, in the order of the network's outputs."""
    ends = np.cumsum([len(task.space) for task in data.tasks])[:-1]
    calibration, held = (np.split(logits, ends, axis=1) for logits in (answers.calibration, answers.held))
    fine = [
        task.calibrated(HeldOut(logits, data.calibration.labels, data.calibration.groups), data.fine.labels, seed)
        for task, logits in zip(data.first, calibration, strict=False)
    ]
    further = [
        task.calibrated(_held_out(logits, data, task.name), data.fine.others[task.name], seed)
        for task, logits in zip(data.further, held[len(data.first) :], strict=True)
    ]
    return (*fine, *further)


def _held_out(logits: NDArray[np.float32], data: TrainingData, task: str) -> HeldOut:
    """What is known of the images with a label of a further task."""
    return HeldOut(logits.astype(np.float64), data.held.others[task], data.held.groups, data.held_ranges)


def _test_metrics(logits: NDArray[np.float32], test: Labelled, task: Task) -> dict[str, Any]:
    """What the network scores on the fine-labelled test images; empty without any, and for terms alone."""
    if not (test.labels >= 0).any():
        return {}
    probabilities = softmax(logits[:, : len(task.classes)], task.temperature)
    return asdict(score(task, test.labels, probabilities, test.groups))
