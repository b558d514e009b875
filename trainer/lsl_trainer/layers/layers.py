"""Which depth of a backbone serves which task.

The pooled features of each block go into a linear classifier, which is cross-validated by gene.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.files.store import Store
from lsl_shared.measures.term_metrics import TermScores, bag_means, score_terms
from lsl_trainer.calibration.bootstrap import Interval, interval, mean_replicates
from lsl_trainer.data.chosen_tasks import task_to_learn, tasks_beside
from lsl_trainer.data.further_tasks import further_tasks
from lsl_trainer.data.known_labels import range_labels
from lsl_trainer.data.split import duplicates, group_folds
from lsl_trainer.frozen.features import FrozenFeatures
from lsl_trainer.layers.ridge import Floats, choose_penalty, ridge_scores
from lsl_trainer.learning.backbones import transferred_network
from lsl_trainer.networks.residual import Network, block_maps
from lsl_trainer.networks.trunk import PooledTrunk
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.tasks.classes import ClassTask
from lsl_trainer.tasks.learnt_task import LearntTask
from lsl_trainer.tasks.terms import TermTask, frequent_terms

__all__ = ["LayerScore", "block_features", "block_names", "cross_validated", "score_layers"]

_FOLDS = 10
_HALF = 0.5


Figures = tuple[str, float, Interval | None, float]
"""Measure, value, interval and chance of a LayerScore."""


@dataclass(frozen=True)
class LayerScore:
    """How well the features of one block serve one task, over left-out genes."""

    block: int
    """From 1."""
    name: str
    features: int
    task: str
    measure: str
    """`accuracy` of a task of classes; `average precision` of one of terms, per term and range, bag by bag."""
    value: float
    interval: Interval | None
    """95 %, bootstrap over genes; None for terms."""
    chance: float
    """What guessing gives: the most frequent class's share, or the mean share of bags that carry a term."""
    images: int


def score_layers(
    store: Store,
    config: TrainConfig,
    blocks: Sequence[int] = (),
    on_images: Callable[[int], None] = lambda n: None,
    folder: Path | None = None,
) -> list[LayerScore]:
    """Scores blocks of `config.transfer.backbone` on all tasks. Blocks are numbers from 1; none means all.

    Their features are kept in `folder`, or found there.

    There are at most ten folds of whole genes, and each image is left out once. The penalty is chosen inside the
    training folds. All labelled images of the store take part. A ConfigError tells if there is no backbone, no such
    block, or only one gene.
    """
    if not config.transfer.backbone:
        raise ConfigError("--layers looks into an F that has been trained: name it with --backbone")
    space = task_to_learn(store, config.labels)
    first = ClassTask(space, store.labels(space.name).astype(np.int64))
    tasks = [first, *further_tasks(store, tasks_beside(store, config.labels, space.name))]
    network = transferred_network(config, store.shape[1:], len(space))
    names = block_names(network)
    for block in blocks:
        if not 1 <= block <= len(names):
            raise ConfigError(f"--layers: {config.transfer.backbone} has blocks 1 to {len(names)}, received {block}")
    wanted = list(blocks) or list(range(1, len(names) + 1))
    images = store.select(np.arange(len(store)))
    groups = joined_groups(store, images)
    ranges = range_labels(store, space)
    found = dict(zip(wanted, block_features(network, images, on_images, wanted, folder), strict=True))
    return [_scored(block, names[block - 1], found[block], task, groups, ranges) for task in tasks for block in wanted]


def block_names(network: Network) -> tuple[str, ...]:
    """The names of the blocks of its F, from the image on."""
    if isinstance(network.body, PooledTrunk):
        return network.body.trunk.names
    with torch.no_grad():
        count = len(block_maps(network.body, torch.zeros(1, 3, 64, 64)))
    return ("stem", *(f"block {number}" for number in range(1, count)))


def block_features(
    network: Network,
    images: NDArray[np.uint8],
    on_images: Callable[[int], None] = lambda n: None,
    blocks: Sequence[int] = (),
    folder: Path | None = None,
) -> list[NDArray[np.float32]]:
    """Features float32 (N, D) of each block, its map averaged over a coarse grid; `images` uint8 (N, H, W, 3).

    `blocks` are numbers from 1, none means all. With a `folder`, features are kept there (`FrozenFeatures`).
    """
    features = FrozenFeatures(network, folder)
    return features.of_blocks(images, blocks or range(1, features.blocks + 1), on_images=on_images)


def cross_validated(features: Floats, targets: Floats, groups: NDArray[np.int64]) -> Floats:
    """Scores (N, m), each by a ridge regression that saw no image of the same gene; `targets` (N, m), NaN unknown."""
    scores = np.empty(targets.shape)
    folds = group_folds(groups, _FOLDS)
    for fold in np.unique(folds):
        held = folds == fold
        penalty = choose_penalty(features[~held], targets[~held], groups[~held]).penalty
        scores[held] = ridge_scores(features[~held], targets[~held], features[held], [penalty])[0]
    return scores


def joined_groups(store: Store, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The gene of each image, (N,). Genes that share a photograph count as one. A single gene is a ConfigError."""
    groups = store.groups().astype(np.int64)
    for rows in duplicates(images, np.arange(len(images))):
        groups[np.isin(groups, groups[rows])] = groups[rows[0]]
    if len(np.unique(groups)) < 2:
        raise ConfigError(f"{store.path}: all images are of one gene; a cross-validation by gene needs two or more")
    return groups


def _scored(
    block: int,
    name: str,
    features: NDArray[np.float32],
    task: LearntTask,
    groups: NDArray[np.int64],
    ranges: NDArray[np.int64],
) -> LayerScore:
    known = task.known
    inside, labels, genes = features[known].astype(np.float64), task.labels[known], groups[known]
    if isinstance(task, TermTask):
        figures = _term_figures(task, inside, labels, genes, ranges[known])
    else:
        figures = _class_figures(len(task.space), inside, labels, genes)
    return LayerScore(block, name, features.shape[1], task.name, *figures, images=len(labels))


def _class_figures(classes: int, features: Floats, labels: NDArray[np.int64], genes: NDArray[np.int64]) -> Figures:
    scores = cross_validated(features, np.eye(classes)[labels], genes)
    right = (scores.argmax(1) == labels).astype(np.float64)
    drawn = mean_replicates(right[:, None], genes, np.random.default_rng(0))
    most_frequent = float(np.bincount(labels).max() / len(labels))
    return ("accuracy", float(right.mean()), interval(drawn), most_frequent)


def _term_figures(
    task: LearntTask,
    features: Floats,
    labels: NDArray[np.int64],
    genes: NDArray[np.int64],
    ranges: NDArray[np.int64],
) -> Figures:
    often = frequent_terms(labels, genes)
    labels, terms = labels[:, often], tuple(np.array(task.space.classes)[often])
    scores = cross_validated(features, np.where(labels >= 0, labels, np.nan), genes)
    found = score_terms(bag_means(labels, scores, genes, ranges), np.full(len(terms), _HALF), terms)
    if found is None:
        raise ConfigError(f"no term of {task.name!r} is carried by three genes: nothing to cross-validate")
    return ("average precision", found.average_precision, None, _carried(found))


def _carried(found: TermScores) -> float:
    return float(np.mean([one.n_carried / one.n_bags for one in found.terms]))
