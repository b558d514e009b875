"""From a store to the data of a training: tasks, labels, images in memory, the split, and a set for every purpose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import TrainingError
from lsl_shared.files.store import Store
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.chosen_tasks import choose_tasks
from lsl_trainer.data.image_cache import load_images
from lsl_trainer.data.kept_aside import kept_aside
from lsl_trainer.data.known_labels import KnownLabels, drawn_labels, known_labels
from lsl_trainer.data.split import CALIBRATION, TEST, TRAIN, duplicates, group_folds, joined_groups, split_store
from lsl_trainer.data.training_data import ALLOWED, TrainingData
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.method import find_method

__all__ = ["load_data"]

_FOLDS, _FEWER_FOLDS, _MANY = 10, 5, 2000
"""Into how many folds images are put where all genes train and calibrate in turn; fewer of many images."""


def load_data(
    store: Store,
    config: TrainConfig,
    part: NDArray[np.int8] | None = None,
    *,
    folder: Path | None = None,
    shared: bool = False,
) -> TrainingData:
    """Splits the store, draws the fine labels, and loads the images that are needed, as `image_cache.load_images` does.

    `part` int8 (N,), index into PARTS, is a split made before, such as a fold of a cross-validation; without it the
    settings make one. Raises ConfigError for tasks that the store does not have, TrainingError where nothing is left to
    learn from.
    """
    method = find_method(config.method)
    tasks = choose_tasks(store, config, method)
    known = known_labels(store, tasks, learns_coarse=tasks.learns_coarse(method))
    images, needed = load_images(store, known.needed, folder, shared=shared), known.needed
    if part is None:
        generator, same = np.random.default_rng([config.seed, 1]), duplicates(images, needed)
        part = split_store(store, config.labels.split, tasks.of_classes, generator, same)
    if config.crossed:
        part = np.where(part == CALIBRATION, TRAIN, part).astype(np.int8)
    drawn = drawn_labels(np.where(part == TRAIN, known.fine, -1), config.labels)
    aside = np.zeros(len(part), dtype=np.bool_)
    if config.epochs.patience:
        generator = np.random.default_rng([config.seed, 8])
        aside = kept_aside(store.groups(), drawn, part == TRAIN, generator)
    sets = _sets(store, known, part, drawn, aside, images)
    if tasks.fine:
        _check(sets["fine"], sets["coarse"] if method.coarse_labels else None, tasks.fine.name)
    data = TrainingData(
        first=known.first,
        further=known.further,
        coarse_space=tasks.coarse,
        constraints=tasks.constraints,
        allowed=known.allowed.sets,
        contradictory=known.contradictory,
        part=part,
        ids=store.ids,
        genes=store.genes,
        held_ranges=known.ranges[(part == CALIBRATION) & known.beside],
        folds=np.empty(0, np.int64),
        straddling=_straddling(store, part) if config.labels.split == "stored" else (),
        fingerprint=store.fingerprint(),
        image_size=store.shape[1:],
        **sets,
    )
    if not config.crossed:
        return data
    groups = joined_groups(store.groups(), duplicates(images, needed))
    return replace(data, folds=_folds(groups[needed[data.learnt_rows]]))


def _sets(
    store: Store,
    known: KnownLabels,
    part: NDArray[np.int8],
    drawn: NDArray[np.int64],
    aside: NDArray[np.bool_],
    images: NDArray[np.uint8],
) -> dict[str, Labelled]:
    """The images of each purpose with their labels, by the names that `TrainingData` has for them.

    `drawn` (N,) are the fine labels that count in training, `aside` (N,) the training images kept aside, and `images`
    (n, H, W, 3) those at `known.needed`.
    """
    fine, coarse, held, test = known.fine, known.coarse, part == CALIBRATION, part == TEST
    constrained = (known.allowed.of_image >= 0) | ((drawn >= 0) & bool(len(known.allowed.sets)))
    learns = (part == TRAIN) & ~aside
    further, none = {task.name: task.labels for task in known.further}, dict[str, NDArray[np.int64]]()
    purposes = {
        "coarse": (learns & (coarse >= 0), coarse, none),
        "fine": (learns & ((drawn >= 0) | known.beside), drawn, further),
        "coarse_aside": (aside & (coarse >= 0), coarse, none),
        "fine_aside": (aside & (drawn >= 0), drawn, none),
        "calibration": (held & (fine >= 0), fine, none),
        "test": (test & ((fine >= 0) if known.first else known.beside), fine, none),
        "held": (held & known.beside, fine, further),
        "constrained": (learns & constrained, drawn, {ALLOWED: known.allowed.of_image}),
    }
    groups, ids = store.groups(), store.ids
    return {
        purpose: Labelled(
            images,
            np.searchsorted(known.needed, np.flatnonzero(chosen)),
            labels[chosen],
            groups[chosen],
            ids[chosen],
            {name: found[chosen] for name, found in others.items()},
        )
        for purpose, (chosen, labels, others) in purposes.items()
    }


def _folds(groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each image (n,) is left out, with its gene; empty where all are of one gene."""
    folds = group_folds(groups, _FEWER_FOLDS if len(groups) > _MANY else _FOLDS)
    return folds if folds.any() else folds[:0]


def _straddling(store: Store, part: NDArray[np.int8]) -> tuple[str, ...]:
    parts: dict[str, set[int]] = {}
    for gene, which in zip(store.genes, part.tolist(), strict=True):
        parts.setdefault(gene, set()).add(which)
    return tuple(gene for gene, found in parts.items() if gene and len(found) > 1)


def _check(fine: Labelled, coarse: Labelled | None, task: str) -> None:
    """Raises TrainingError where a set that is learnt from has fewer than two classes."""
    present, labelled = len(np.unique(fine.labels[fine.labels >= 0])), int((fine.labels >= 0).sum())
    if present < 2:
        raise TrainingError(
            f"{labelled} training images carry a label of {task!r}, of {present} classes: two are needed"
        )
    if coarse is not None and len(np.unique(coarse.labels)) < 2:
        raise TrainingError("the training images have fewer than two coarse classes: use --method plain")
