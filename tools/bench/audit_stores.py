"""Stores of audit.py with planted errors: their features, and out-of-fold probabilities of the method `linear`."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np
import torch
from lowshot import write_pollen
from numpy.typing import NDArray

from lsl_shared import LabelSpace, Store
from lsl_shared.measures.metrics import is_ordered
from lsl_tools.auditing.evidence import Evidence, TaskLabels
from lsl_tools.demo.store import write_demo_store
from lsl_trainer.data.split import group_folds
from lsl_trainer.frozen.features import FrozenFeatures
from lsl_trainer.learning.backbones import block_network, feature_network
from lsl_trainer.learning.linear_classifier import turned
from lsl_trainer.learning.linear_problem import Linear, LinearProblem, fit_linear, principal_axes
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.presets import PRESETS

__all__ = ["FOLDS", "Known", "evidence_from", "fitted", "out_of_fold", "planted", "read_known"]

FOLDS = 5
PENALTY = 1e-5
_BLOCKS = {"pollen": ((8, 12, 15), 16, 4), "demo": ((15,), 64, 1)}
"""Blocks of EfficientNet-lite0, the most cells of a grid, the views (quarter turns)."""
_SLIPS_NEAR = 0.8


@dataclass(frozen=True)
class Known:
    """What is known of the n images of a store."""

    coordinates: NDArray[np.float32]
    """(views, n, d)"""
    fine: NDArray[np.int64]
    coarse: NDArray[np.int64]
    """(n,): labels, −1 unknown."""
    truth: NDArray[np.int64]
    """(n,): the fine class of every image, −1 where it has none."""
    groups: NDArray[np.int64]
    space: LabelSpace
    coarse_space: LabelSpace

    def at(self, rows: NDArray[np.int64]) -> Known:
        """The same of some images."""
        names = ("fine", "coarse", "truth", "groups")
        return replace(
            self, coordinates=self.coordinates[:, rows], **{name: getattr(self, name)[rows] for name in names}
        )

    @property
    def columns(self) -> NDArray[np.int64]:
        """(S,): the coarse class of what an image may be: of each fine class, then the childless ones that occur."""
        childless = [k for k in self.space.childless(self.coarse_space) if (self.coarse == k).any()]
        return np.array([*self.space.parent_index, *childless])


def read_known(data: Path, out: Path, name: str) -> tuple[Known, NDArray[np.int64]]:
    """The store `pollen`, or `demo<seed>`, with its right labels, and the coarse labels (n,) that the store has."""
    path, kept = out / f"{name}.h5", out / f"{name}.npz"
    out.mkdir(parents=True, exist_ok=True)
    if not path.exists() and name == "pollen":
        write_pollen(data / "pollen73s", path)
    elif not path.exists():
        write_demo_store(path, seed=int(name.removeprefix("demo")))
    if not kept.exists():
        np.savez(kept, coords=_coordinates(path, *_BLOCKS[name.rstrip("0123456789")]))
    with Store(path) as store, np.load(kept) as features:
        space = next(one for one in store.tasks.values() if one.parent)
        stored = store.labels(space.parent).astype(np.int64)
        fine = store.labels(space.name).astype(np.int64)
        drawn = store.has_truth("stage")
        truth = store.truth("stage").astype(np.int64) if drawn else fine
        coarse = store.truth("stage_range").astype(np.int64) if drawn else stored
        coordinates = features["coords"]
        return Known(coordinates, fine, coarse, truth, store.groups(), space, store.tasks[space.parent]), stored


def planted(known: Known, fine_rate: float, coarse_rate: float, near: bool, generator: np.random.Generator) -> Known:
    """Some labels replaced: by any other class, or (`near`) four times in five by a neighbour in time, or a sibling."""
    parents, ordered = np.array(known.space.parent_index), is_ordered(known.space.classes)

    def alike(label: int, other: int) -> bool:
        return abs(label - other) == 1 if ordered else parents[label] == parents[other]

    def slip(labels: NDArray[np.int64], rate: float, count: int, close: bool) -> NDArray[np.int64]:
        wrong, labelled = labels.copy(), np.flatnonzero(labels >= 0)
        for row in generator.choice(labelled, round(rate * len(labelled)), replace=False):
            others = [k for k in range(count) if k != labels[row]]
            if close and generator.random() < _SLIPS_NEAR:
                others = [k for k in others if alike(int(labels[row]), k)] or others
            wrong[row] = generator.choice(others)
        return wrong

    fine = slip(known.fine, fine_rate, len(known.space), near)
    coarse = slip(known.coarse, coarse_rate, len(known.coarse_space), near and ordered)
    return replace(known, fine=fine, coarse=coarse)


def out_of_fold(known: Known) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """(n, S) probabilities, each from a classifier that saw no image of its gene, and the folds (n,)."""
    folds = group_folds(known.groups, FOLDS)
    found = np.zeros((len(folds), len(known.columns)))
    for fold in range(FOLDS):
        held = folds == fold
        linear = fitted(known, np.flatnonzero(~held))
        logits = linear.logits(torch.from_numpy(known.coordinates[0][held]))
        found[held] = torch.softmax(logits.double(), 1).numpy()
    return found, folds


def fitted(known: Known, rows: NDArray[np.int64]) -> Linear:
    """The classifier of the method `linear` from the labels of some images."""
    fine, coarse = torch.from_numpy(known.fine[rows]), known.coarse[rows]
    columns, ordered = known.columns, is_ordered(known.space.classes)
    allowed = torch.from_numpy(np.where((coarse >= 0)[:, None], coarse[:, None] == columns, True))
    one_hot = torch.nn.functional.one_hot(fine.clamp(min=0), len(columns)).bool()
    views = [torch.from_numpy(np.ascontiguousarray(view[rows])) for view in known.coordinates]
    problem = LinearProblem(
        coordinates=views[0],
        labels=fine,
        allowed=torch.where(fine[:, None] >= 0, one_hot, allowed),
        partial_weight=1.0,
        order_weight=0.1 if ordered else 0.0,
        n_ordered=len(known.space) if ordered else 0,
    )
    return fit_linear(problem.repeated(len(views), torch.cat(views)), PENALTY)


def evidence_from(known: Known, probabilities: NDArray[np.float64], folds: NDArray[np.int64]) -> Evidence:
    """What the audit judges by."""
    columns, count = known.columns, len(known.space)
    fine = TaskLabels(known.space.name, known.space.classes, np.eye(count, len(columns), dtype=np.bool_), known.fine)
    above = np.arange(len(known.coarse_space))[:, None] == columns
    coarse = TaskLabels(known.coarse_space.name, known.coarse_space.classes, above, known.coarse)
    return Evidence(np.arange(len(known.fine)), probabilities, folds, known.groups, (fine, coarse))


def _coordinates(path: Path, blocks: tuple[int, ...], cells: int, views: int) -> NDArray[np.float32]:
    """The principal coordinates (views, n, d) of the features of all images."""
    settings = {"method": "linear", "backbone": "efficientnet-lite0", "feature_blocks": blocks, "feature_cells": cells}
    config = PRESETS["tiny"].having(**settings)
    with Store(path) as store:
        images = store.select(np.arange(len(store)))
    network = feature_network(config, images.shape[1:3])
    source = Network(cast(BlockFeatures, network.body).body, 1, 1)
    source.mean, source.std = network.mean, network.std
    sizes = cast(BlockFeatures, block_network(config, images.shape[1:3], 1).body).sizes
    features, found = FrozenFeatures(source, None), []
    for view in range(views):
        shown = np.ascontiguousarray(turned(images, view)) if view else images
        parts = features.of_blocks(shown, blocks, cells=[cells] * len(blocks))
        found.append(torch.from_numpy(np.concatenate(parts, axis=1)))
    axes = principal_axes(found[0], sizes)
    return np.stack([axes.coordinates(one).numpy() for one in found])
