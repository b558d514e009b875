"""Which kind of features tells several tasks, or terms: ridge regression on each, cross-validated by gene.

No share of right answers is common to classes and terms. So each task is a set of targets of 0 and 1, and a kind is
scored by how much of their spread it tells of left-out genes: 1 − error / variance, the mean over the tasks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_trainer.choosing.choice import Choice, Scored
from lsl_trainer.choosing.features import SharedFeatures
from lsl_trainer.choosing.linear_candidates import LinearTry
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.layers.ridge import Floats, choose_penalty
from lsl_trainer.tasks.learnt_task import LearntTask
from lsl_trainer.tasks.terms import TermTask, frequent_terms

__all__ = ["choose_by_tasks", "targets_of"]


def choose_by_tasks(
    tries: Sequence[LinearTry], features: SharedFeatures, data: TrainingData, groups: NDArray[np.int64]
) -> Choice | None:
    """The kind that tells most of all tasks of the training images, whose genes are `groups` (n,).

    None where no task has anything to tell: a single class, or no term that three genes carry.
    """
    every = {task.name: targets_of(task, _labels(task, data), groups) for task in data.tasks}
    targets = {name: one for name, one in every.items() if one.shape[1]}
    if not targets:
        return None
    shares = {one.kind: _told(one, features, list(targets.values()), groups) for one in tries}
    ranked = sorted(shares, key=lambda kind: -shares[kind])
    more = f", and {len(ranked) - 2} more" if len(ranked) > 2 else ""
    why = f"the best of {len(ranked)}" if shares[ranked[0]] else f"the first of {len(ranked)}, as none tells anything"
    named = ", ".join(f"features {kind} {shares[kind]:.1%}" for kind in ranked[:2])
    lines = (
        f"seen: {len(groups):,} training images from {len(np.unique(groups)):,} groups, {' and '.join(targets)}",
        f"tried on left-out training images, by how much of the labels' spread is told: {named}{more}",
        f"chosen: features {ranked[0]}, {why}",
    )
    scores = tuple(Scored(f"features {kind}", shares[kind], None, None, len(groups), 0.0) for kind in ranked)
    return Choice(f"features {ranked[0]}", {"feature_kind": ranked[0]}, lines, scores)


def _labels(task: LearntTask, data: TrainingData) -> NDArray[np.int64]:
    """Of the images that are learnt from, (n,) or, of terms, (n, K); −1 unknown."""
    fine = data.fine
    own = fine.others.get(task.name, fine.labels)
    labels = np.full((len(data.learnt_rows), *own.shape[1:]), -1)
    labels[np.searchsorted(data.learnt_rows, fine.rows)] = own
    return labels


def targets_of(task: LearntTask, labels: NDArray[np.int64], groups: NDArray[np.int64]) -> Floats:
    """What is to be told of n images with such `labels`, of such genes (n,): 0 and 1 (n, m), NaN unknown.

    Terms that fewer than three genes carry are left out, and a task all of whose images are of one class.
    """
    if isinstance(task, TermTask):
        often = labels[:, frequent_terms(labels, groups)]
        return np.where(often < 0, np.nan, often.astype(np.float64))
    classes = np.unique(labels[labels >= 0])
    if len(classes) < 2:
        return np.empty((len(labels), 0))
    return np.where(labels[:, None] < 0, np.nan, (labels[:, None] == classes).astype(np.float64))


def _told(one: LinearTry, features: SharedFeatures, targets: Sequence[Floats], groups: NDArray[np.int64]) -> float:
    found = torch.cat(features.of(one.enlarge, 0, one.layers), 1).double().numpy()
    return float(np.mean([_share(found, each, groups) for each in targets]))


def _share(found: Floats, targets: Floats, groups: NDArray[np.int64]) -> float:
    """1 − error / variance for left-out genes, of the images that carry any of the labels; 0 where that is less."""
    known = np.isfinite(targets).any(1)
    if len(np.unique(groups[known])) < 2:
        return 0.0
    fit = choose_penalty(found[known], targets[known], groups[known])
    return max(1 - fit.error / max(float(np.nanmean(np.nanvar(targets[known], axis=0))), 1e-12), 0.0)
