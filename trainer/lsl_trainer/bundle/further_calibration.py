"""What the manifest says of further tasks: temperatures, thresholds and sets, from calibration genes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.manifest import Task
from lsl_shared.measures.conformal import conformal_threshold
from lsl_shared.measures.term_metrics import bag_means
from lsl_trainer.calibration.temperature import MIN_IMAGES, fit_temperature, softmax
from lsl_trainer.calibration.term_thresholds import NEVER, term_thresholds
from lsl_trainer.data.further_tasks import FurtherTask
from lsl_trainer.data.load import TrainingData
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.networks.residual import Network

__all__ = ["further_answers"]

_TRIED = np.geomspace(0.1, 10, 81)


def further_answers(network: Network, data: TrainingData, seed: int) -> tuple[Task, ...]:
    """The manifest's entries of all further tasks, in the order of the network's outputs."""
    if not data.further:
        return ()
    held, ranges = data.held, data.held_ranges
    assert held is not None and ranges is not None
    logits = logits_of(network, held.images, held.rows).double().numpy()
    sizes = [data.fine_outputs, *(len(task.space) for task in data.further)]
    parts = np.split(logits, np.cumsum(sizes)[:-1], axis=1)[1:]
    return tuple(
        _terms(task, part, held.others[task.name], held.groups, ranges, data.fine.others[task.name])
        if task.terms
        else _classes(task, part, data, seed)
        for task, part in zip(data.further, parts, strict=True)
    )


def _terms(
    task: FurtherTask,
    logits: NDArray[np.float64],
    labels: NDArray[np.int64],
    groups: NDArray[np.int64],
    ranges: NDArray[np.int64],
    trained: NDArray[np.int64],
) -> Task:
    temperature = _sigmoid_temperature(logits, labels)
    bags = bag_means(labels, _sigmoid(logits / temperature), groups, ranges)
    known, carried = (trained >= 0).sum(0), (trained == 1).sum(0)
    chosen_from = np.where(carried > 0, term_thresholds(bags.truth, bags.probabilities), NEVER)
    return Task(
        name=task.name,
        classes=task.space.classes,
        kind="terms",
        temperature=temperature,
        class_priors=tuple((carried / np.maximum(known, 1)).tolist()),
        thresholds=tuple(chosen_from.tolist()),
    )


def _classes(task: FurtherTask, logits: NDArray[np.float64], data: TrainingData, seed: int) -> Task:
    held = data.held
    assert held is not None
    labels, trained = held.others[task.name], data.fine.others[task.name]
    known = labels >= 0
    temperature = fit_temperature(logits[known], labels[known])
    generator = np.random.default_rng([seed, 7])
    threshold = conformal_threshold(
        labels[known], softmax(logits[known], temperature), held.groups[known], generator
    )  # fmt: skip
    counts = np.bincount(trained[trained >= 0], minlength=len(task.space))
    return Task(
        name=task.name,
        classes=task.space.classes,
        temperature=temperature,
        conformal_threshold=threshold,
        class_priors=tuple((counts / max(counts.sum(), 1)).tolist()),
    )


def _sigmoid_temperature(logits: NDArray[np.float64], labels: NDArray[np.int64]) -> float:
    """The temperature in 0.1 … 10 with the least binary cross-entropy over known entries; 1 under 20 images."""
    known = labels >= 0
    if known.any(1).sum() < MIN_IMAGES:
        return 1.0
    signed = np.where(labels == 1, 1.0, -1.0)[known] * logits[known]
    losses = [np.logaddexp(0, -signed / temperature).mean() for temperature in _TRIED]
    return float(_TRIED[int(np.argmin(losses))])


def _sigmoid(x: NDArray[np.float64]) -> NDArray[np.float64]:
    probabilities: NDArray[np.float64] = np.exp(-np.logaddexp(0, -x))
    return probabilities
