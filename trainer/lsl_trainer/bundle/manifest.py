"""The manifest of a trained network: its tasks, calibrated on held-out genes, and how it was trained and tested."""

from __future__ import annotations

from dataclasses import asdict, replace
from importlib.metadata import version
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.evaluation.scores import score
from lsl_runtime.model.contributions import STEPS
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.measures.age import age_threshold, density_of
from lsl_shared.measures.metrics import is_ordered
from lsl_trainer.bundle.network_answers import NetworkAnswers
from lsl_trainer.bundle.provenance import weights_of
from lsl_trainer.calibration.temperature import softmax
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.learning.time_head import TimeHead
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.tasks.learnt_task import HeldOut

__all__ = ["calibrated_tasks", "new_manifest"]


_BACKBONE_STEPS = 16
"""Twice as many: contributions of EfficientNet-lite0 miss their sum by 4 % in the median image, by 12 % at 8 steps."""


def new_manifest(
    answers: NetworkAnswers,
    data: TrainingData,
    config: TrainConfig,
    scope_threshold: float | None,
    left_out: LeftOut | None = None,
    time: TimeHead | None = None,
) -> Manifest:
    """All that a bundle says of its network; `left_out` calibrates in the place of calibration images.

    `time` is its head for time, if it has one.
    """
    tasks, settings = calibrated_tasks(answers, data, config, left_out), config.to_dict()
    shape = settings["network"]
    return Manifest(
        image_size=data.image_size,
        tasks=tasks,
        network=_transferred(config) if config.transfer.backbone else shape,
        training={**settings, "fine_images": len(data.fine), "coarse_images": len(data.coarsely_labelled)},
        test_metrics=_test_metrics(answers.test, data.test, tasks[0]),
        store_fingerprint=data.fingerprint,
        package_version=version("lsl-toolkit"),
        golden=answers.golden,
        scope_threshold=scope_threshold,
        contribution_steps=_BACKBONE_STEPS if config.transfer.backbone else STEPS,
        age_thresholds=_age_thresholds(tasks[0], answers, data, config.labels.line_spread, left_out, time),
    )


def _transferred(config: TrainConfig) -> dict[str, Any]:
    """What is told of a network whose F comes from elsewhere."""
    transfer, weights = config.transfer, weights_of(config)
    told = {"backbone": transfer.backbone, "feature_kind": transfer.kind, "input_size": transfer.input_size}
    return {**told, "weights": weights} if weights else told


def calibrated_tasks(
    answers: NetworkAnswers, data: TrainingData, config: TrainConfig, left_out: LeftOut | None = None
) -> tuple[Task, ...]:
    """The entries of all tasks, in the order of the network's outputs."""
    seed, coverage = config.seed, config.labels.coverage
    if left_out:
        held_out = replace(_left_out(left_out, data), coverage=coverage)
        return tuple(task.calibrated(held_out, data.fine.labels, seed) for task in data.first)
    ends = np.cumsum([len(task.space) for task in data.tasks])[:-1]
    calibration, held = (np.split(logits, ends, axis=1) for logits in (answers.calibration, answers.held))
    fine = [
        task.calibrated(
            HeldOut(logits, data.calibration.labels, data.calibration.groups, coverage=coverage),
            data.fine.labels,
            seed,
        )
        for task, logits in zip(data.first, calibration, strict=False)
    ]
    further = [
        task.calibrated(
            replace(_held_out(logits, data, task.name), coverage=coverage), data.fine.others[task.name], seed
        )
        for task, logits in zip(data.further, held[len(data.first) :], strict=True)
    ]
    return (*fine, *further)


def _age_thresholds(
    task: Task,
    answers: NetworkAnswers,
    data: TrainingData,
    line_spread: float,
    left_out: LeftOut | None,
    time: TimeHead | None,
) -> dict[str, float]:
    """The threshold of the intervals of age of the first task; none where it has no order, or too few genes."""
    if task.kind == "terms" or not is_ordered(task.classes):
        return {}
    if time:
        threshold = time.threshold
    else:
        of = data.calibration
        held = _left_out(left_out, data) if left_out else HeldOut(answers.calibration, of.labels, of.groups)
        known = held.labels >= 0
        probabilities = softmax(held.logits[known, : len(task.classes)], task.temperature)
        density, labels, groups = density_of(probabilities), held.labels[known], held.groups[known]
        crossed = left_out is not None
        threshold = age_threshold(density, labels, groups, task.coverage, line_spread, crossed=crossed)
    return {} if threshold is None else {task.name: threshold}


def _left_out(left_out: LeftOut, data: TrainingData) -> HeldOut:
    """What is known of the images that are learnt from, each by a model that did not see its gene."""
    logits = left_out.logits[left_out.places(data.fine.rows), : data.fine_outputs]
    return HeldOut(logits.astype(np.float64), data.fine.labels, data.fine.groups)


def _held_out(logits: NDArray[np.float32], data: TrainingData, task: str) -> HeldOut:
    """What is known of the images with a label of a further task."""
    return HeldOut(logits.astype(np.float64), data.held.others[task], data.held.groups, data.held_ranges)


def _test_metrics(logits: NDArray[np.float32], test: Labelled, task: Task) -> dict[str, Any]:
    """What the network scores on the fine-labelled test images; empty without any, and for terms alone."""
    if not (test.labels >= 0).any():
        return {}
    probabilities = softmax(logits[:, : len(task.classes)], task.temperature)
    return asdict(score(task, test.labels, probabilities, test.groups))
