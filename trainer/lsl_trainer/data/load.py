"""From a store to the data of a training: tasks, labels, images in memory, the split, and a set for every purpose."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import TrainingError
from lsl_shared.files.store import Store
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.chosen_tasks import ChosenTasks, choose_tasks
from lsl_trainer.data.image_cache import load_images
from lsl_trainer.data.kept_aside import kept_aside
from lsl_trainer.data.known_labels import KnownLabels, drawn_labels, known_labels
from lsl_trainer.data.split import CALIBRATION, TEST, TRAIN, duplicates, split_store
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.method import find_method

__all__ = ["load_data"]


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
    tasks, learns_coarse = choose_tasks(store, config), find_method(config.method).coarse_labels
    known = known_labels(store, tasks, learns_coarse=learns_coarse)
    images = load_images(store, known.needed, folder, shared=shared)
    if part is None:
        part = _split(store, config, tasks, duplicates(images, known.needed))
    sets = _sets(store, config, tasks, known, part, images)
    if tasks.first:
        _check(sets["fine"], sets["coarse"] if learns_coarse else None, tasks.first[0].name)
    return TrainingData(
        first=tasks.first,
        further=tasks.further,
        coarse_space=tasks.coarse,
        part=part,
        ids=store.ids,
        held_ranges=known.ranges[(part == CALIBRATION) & known.further],
        straddling=_straddling(store, part) if config.labels.split == "stored" else (),
        fingerprint=store.fingerprint(),
        image_size=store.shape[1:],
        **sets,
    )


def _split(store: Store, config: TrainConfig, tasks: ChosenTasks, same: list[NDArray[np.int64]]) -> NDArray[np.int8]:
    """The part of every image of the store, after the settings."""
    names = [task.name for task in tasks.first] + ([tasks.coarse.name] if tasks.coarse else [])
    generator = np.random.default_rng([config.seed, 1])
    return split_store(store, config.labels.split, tuple(names), generator, same)


def _sets(
    store: Store,
    config: TrainConfig,
    tasks: ChosenTasks,
    known: KnownLabels,
    part: NDArray[np.int8],
    images: NDArray[np.uint8],
) -> dict[str, Labelled]:
    """The images of each purpose with their labels, by the names that `TrainingData` has for them."""
    groups, ids, fine, coarse, needed = store.groups(), store.ids, known.fine, known.coarse, known.needed
    train, held, test = part == TRAIN, part == CALIBRATION, part == TEST
    drawn = drawn_labels(np.where(train, fine, -1), config.labels)
    aside = np.zeros(len(part), dtype=bool)
    if config.epochs.patience:
        aside = kept_aside(groups, drawn, train, np.random.default_rng([config.seed, 8]))
    selections = {
        "coarse": (train & ~aside & (coarse >= 0), coarse),
        "fine": (train & ~aside & ((drawn >= 0) | known.further), drawn),
        "coarse_aside": (aside & (coarse >= 0), coarse),
        "fine_aside": (aside & (drawn >= 0), drawn),
        "calibration": (held & (fine >= 0), fine),
        "test": (test & ((fine >= 0) if tasks.first else known.further), fine),
        "held": (held & known.further, fine),
    }
    return {
        name: Labelled(
            images,
            np.searchsorted(needed, np.flatnonzero(chosen)),
            labels[chosen],
            groups[chosen],
            ids[chosen],
            {task.name: task.labels[chosen] for task in tasks.further} if name in ("fine", "held") else {},
        )
        for name, (chosen, labels) in selections.items()
    }


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
