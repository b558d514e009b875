"""What a training learns from: the two tasks, the split, the draw of fine labels, and the images in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, TrainingError
from lsl_shared.labels import LabelSpace
from lsl_shared.store import Store
from lsl_trainer.config import TrainConfig
from lsl_trainer.learn import Labelled
from lsl_trainer.split import CALIBRATION, TEST, TRAIN, duplicates, split_store

__all__ = ["TrainingData", "load_data"]


@dataclass(frozen=True)
class TrainingData:
    """The data of one training. All sets share one array of images."""

    fine_space: LabelSpace
    coarse_space: LabelSpace | None
    """None for a fine task without coarse labels (method plain)."""
    part: NDArray[np.int8]
    """(N,) of the store: the part of each image, index into split.PARTS."""
    ids: NDArray[np.object_]
    """(N,) of the store."""
    coarse: Labelled
    """D_t: training images with a coarse label; empty for method plain."""
    fine: Labelled
    """D_s: training images with a fine label that counts."""
    calibration: Labelled
    test: Labelled
    straddling: tuple[str, ...]
    """Genes that a stored split parts."""
    fingerprint: str
    image_size: tuple[int, int]

    @property
    def digest(self) -> str:
        """SHA-256 over the store's fingerprint, the split, and all labels that are learnt from."""
        digest = hashlib.sha256(self.fingerprint.encode() + self.part.tobytes())
        for labelled in (self.coarse, self.fine):
            digest.update(labelled.rows.tobytes() + labelled.labels.tobytes())
        return digest.hexdigest()


def load_data(store: Store, config: TrainConfig) -> TrainingData:
    """Splits the store, draws the fine labels, and loads the images that are needed into memory.

    Raises ConfigError for tasks that the store does not have, TrainingError where nothing is left to learn from.
    """
    fine_space, coarse_space = _spaces(store, config)
    tasks = tuple(space.name for space in (fine_space, coarse_space) if space)
    fine = store.labels(fine_space.name).astype(np.int64)
    coarse = _coarse_labels(store, fine, fine_space, coarse_space)
    two_steps = config.method in ("data-level", "feature-level")
    needed = np.flatnonzero((fine >= 0) | (coarse >= 0) & two_steps)
    images, groups = store.select(needed), store.groups()
    chance = np.random.default_rng([config.seed, 1])
    part = split_store(store, config.split, tasks, chance, duplicates(images, needed))
    drawn = _drawn(np.where(part == TRAIN, fine, -1), config)
    selections = {
        "coarse": ((part == TRAIN) & (coarse >= 0) & two_steps, coarse),
        "fine": (drawn >= 0, fine),
        "calibration": ((part == CALIBRATION) & (fine >= 0), fine),
        "test": ((part == TEST) & (fine >= 0), fine),
    }
    sets = {
        name: Labelled(
            images, np.searchsorted(needed, np.flatnonzero(chosen)), labels[chosen], groups[chosen], store.ids[chosen]
        )
        for name, (chosen, labels) in selections.items()
    }
    _check(sets["fine"], sets["coarse"], fine_space, config)
    return TrainingData(
        fine_space=fine_space,
        coarse_space=coarse_space,
        part=part,
        ids=store.ids,
        straddling=_straddling(store, part) if config.split == "stored" else (),
        fingerprint=store.fingerprint(),
        image_size=store.shape[1:],
        **sets,
    )


def _spaces(store: Store, config: TrainConfig) -> tuple[LabelSpace, LabelSpace | None]:
    fine = store.task(config.fine or _only_fine_task(store))
    name = config.coarse or fine.parent
    if config.method in ("plain", "gabor"):
        return fine, store.tasks.get(name)
    if not name:
        raise ConfigError(f"task {fine.name!r} has no coarse task: use --method plain, or name one with --coarse")
    if name == fine.name:
        raise ConfigError(f"--fine and --coarse must be two tasks, received {name!r} twice")
    return fine, store.task(name)


def _only_fine_task(store: Store) -> str:
    fine = [space.name for space in store.tasks.values() if space.parent]
    if len(fine) == 1:
        return fine[0]
    if not fine and len(store.tasks) == 1:
        return next(iter(store.tasks))
    listed = ", ".join(store.tasks) or "none"
    raise ConfigError(f"{store.path}: name the task to learn with --fine; the store has: {listed}")


def _coarse_labels(
    store: Store, fine: NDArray[np.int64], fine_space: LabelSpace, coarse_space: LabelSpace | None
) -> NDArray[np.int64]:
    """Coarse labels (N,); an image with a fine label alone takes that class's parent; −1 where unknown."""
    if coarse_space is None:
        return np.full(len(fine), -1, dtype=np.int64)
    coarse = store.labels(coarse_space.name).astype(np.int64)
    if fine_space.parent == coarse_space.name:
        implied = np.asarray(fine_space.parent_index)[fine]
        coarse = np.where((coarse < 0) & (fine >= 0), implied, coarse)
    return coarse


def _drawn(labels: NDArray[np.int64], config: TrainConfig) -> NDArray[np.int64]:
    """The labels (N,) that count: at most `fine_per_class` of each class, others −1."""
    if not config.fine_per_class:
        return labels
    generator = np.random.default_rng([config.label_seed, 2])
    drawn = np.full_like(labels, -1)
    for label in np.unique(labels[labels >= 0]):
        members = generator.permutation(np.flatnonzero(labels == label))[: config.fine_per_class]
        drawn[members] = label
    return drawn


def _straddling(store: Store, part: NDArray[np.int8]) -> tuple[str, ...]:
    parts: dict[str, set[int]] = {}
    for gene, which in zip(store.genes, part.tolist(), strict=True):
        parts.setdefault(gene, set()).add(which)
    return tuple(gene for gene, found in parts.items() if gene and len(found) > 1)


def _check(fine: Labelled, coarse: Labelled, space: LabelSpace, config: TrainConfig) -> None:
    present = len(np.unique(fine.labels))
    if present < 2:
        raise TrainingError(
            f"{len(fine)} training images carry a label of {space.name!r}, of {present} classes: two are needed"
        )
    if config.method in ("data-level", "feature-level") and len(np.unique(coarse.labels)) < 2:
        raise TrainingError("the training images have fewer than two coarse classes: use --method plain")
