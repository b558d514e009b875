"""Which depth serves which task: every block's pooled features under a linear classifier, cross-validated by gene."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from lsl_shared.errors import ConfigError
from lsl_shared.files.store import Store
from lsl_shared.measures.term_metrics import TermScores, bag_means, score_terms
from lsl_trainer.calibration.bootstrap import Interval, interval, mean_replicates
from lsl_trainer.data.batch import in_unit_range, to_tensor
from lsl_trainer.data.further_tasks import FurtherTask, frequent_terms, further_tasks, range_labels
from lsl_trainer.data.load import task_to_learn
from lsl_trainer.data.split import duplicates
from lsl_trainer.layers.ridge import choose_penalty, group_folds, ridge_scores
from lsl_trainer.learning.backbones import transferred_network
from lsl_trainer.networks.residual import Network, block_maps
from lsl_trainer.networks.trunk import PooledTrunk, pooled_grid
from lsl_trainer.settings.config import TrainConfig

__all__ = ["LayerScore", "block_features", "block_names", "cross_validated", "score_layers"]

_BATCH = 16
_FOLDS = 10
_HALF = 0.5
Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LayerScore:
    """One block's features on one task, over left-out genes."""

    block: int
    """From 1."""
    name: str
    features: int
    task: str
    measure: str
    """`accuracy` of a task of classes, `average precision` of one of terms (per term and range, bag by bag)."""
    value: float
    interval: Interval | None
    """95 %, bootstrap over genes; None for terms."""
    chance: float
    """The most frequent class's share, or the mean share of bags that carry a term."""
    images: int


def score_layers(
    store: Store, config: TrainConfig, blocks: Sequence[int] = (), on_images: Callable[[int], None] = lambda n: None
) -> list[LayerScore]:
    """Scores the blocks of `config.transfer.backbone` (numbers from 1; all if empty) on all its tasks.

    At most ten folds of whole genes, each image once left out; the penalty is chosen inside the training folds. All
    labelled images of the store take part. Raises ConfigError: no backbone, no such block, fewer than two genes.
    """
    if not config.transfer.backbone:
        raise ConfigError("--layers looks into an F that has been trained: name it with --backbone")
    space = task_to_learn(store, config)
    first = FurtherTask(space, False, store.labels(space.name).astype(np.int64))
    tasks = [first, *further_tasks(store, config.labels.tasks, space.name)]
    network = transferred_network(config, store.shape[1:], len(space))
    names = block_names(network)
    for block in blocks:
        if not 1 <= block <= len(names):
            raise ConfigError(f"--layers: {config.transfer.backbone} has blocks 1 to {len(names)}, received {block}")
    wanted = list(blocks) or list(range(1, len(names) + 1))
    images = store.select(np.arange(len(store)))
    groups = joined_groups(store, images)
    found, ranges = block_features(network, images, on_images), range_labels(store, space)
    return [
        _scored(block, names[block - 1], found[block - 1], task, groups, ranges) for task in tasks for block in wanted
    ]


def block_names(network: Network) -> tuple[str, ...]:
    """What the blocks of its F are called."""
    if isinstance(network.body, PooledTrunk):
        return network.body.trunk.names
    with torch.no_grad():
        count = len(block_maps(network.body, torch.zeros(1, 3, 64, 64)))
    return ("stem", *(f"block {number}" for number in range(1, count)))


@torch.no_grad()
def block_features(
    network: Network, images: NDArray[np.uint8], on_images: Callable[[int], None] = lambda n: None
) -> list[NDArray[np.float32]]:
    """Of each block, the features float32 (N, D) of `images` (N, H, W, 3): its map averaged over a coarse grid."""
    network.eval()
    parts: list[list[NDArray[np.float32]]] = []
    for start in range(0, len(images), _BATCH):
        pixels = to_tensor(in_unit_range(images[start : start + _BATCH]), network.mean.device)
        maps = block_maps(network.body, (pixels - network.mean) / network.std)
        grids = [pooled_grid((found.shape[2], found.shape[3])) for found in maps]
        pooled = [F.adaptive_avg_pool2d(found, grid) for found, grid in zip(maps, grids, strict=True)]
        parts.append([one.flatten(1).cpu().numpy() for one in pooled])
        on_images(len(pixels))
    return [np.concatenate(block) for block in zip(*parts, strict=True)]


def cross_validated(features: Floats, targets: Floats, groups: NDArray[np.int64]) -> Floats:
    """Scores (N, m) of each image by a ridge regression without images of its gene; `targets` (N, m), NaN unknown."""
    scores = np.empty(targets.shape)
    folds = group_folds(groups, _FOLDS)
    for fold in np.unique(folds):
        held = folds == fold
        penalty = choose_penalty(features[~held], targets[~held], groups[~held]).penalty
        scores[held] = ridge_scores(features[~held], targets[~held], features[held], [penalty])[0]
    return scores


def joined_groups(store: Store, images: NDArray[np.uint8]) -> NDArray[np.int64]:
    """The gene of each image (N,); genes that share a photograph count as one. Raises ConfigError for a single gene."""
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
    task: FurtherTask,
    groups: NDArray[np.int64],
    ranges: NDArray[np.int64],
) -> LayerScore:
    known = (task.labels >= 0).reshape(len(features), -1).any(1)
    inside, labels, genes = features[known].astype(np.float64), task.labels[known], groups[known]
    terms = task.space.classes
    common = {"block": block, "name": name, "features": features.shape[1], "task": task.name, "images": len(labels)}
    if task.terms:
        often = frequent_terms(labels, genes)
        labels, terms = labels[:, often], tuple(np.array(terms)[often])
        scores = cross_validated(inside, np.where(labels >= 0, labels, np.nan), genes)
        found = score_terms(bag_means(labels, scores, genes, ranges[known]), np.full(len(terms), _HALF), terms)
        if found is None:
            raise ConfigError(f"no term of {task.name!r} is carried by three genes: nothing to cross-validate")
        return LayerScore(
            **common, measure="average precision", value=found.average_precision, interval=None, chance=_carried(found)
        )
    scores = cross_validated(inside, np.eye(len(task.space))[labels], genes)
    right = (scores.argmax(1) == labels).astype(np.float64)
    drawn = mean_replicates(right[:, None], genes, np.random.default_rng(0))
    return LayerScore(
        **common, measure="accuracy", value=float(right.mean()), interval=interval(drawn),
        chance=float(np.bincount(labels).max() / len(labels)),
    )  # fmt: skip


def _carried(found: TermScores) -> float:
    return float(np.mean([one.n_carried / one.n_bags for one in found.terms]))
