"""What a training learns from: the two tasks, the split, the draw of fine labels, and the images in memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.evaluation.term_scores import range_task
from lsl_shared.errors import ConfigError, TrainingError
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_trainer.data.batch import Labelled
from lsl_trainer.data.further_tasks import FurtherTask, further_tasks, known_rows
from lsl_trainer.data.image_cache import load_images
from lsl_trainer.data.kept_aside import kept_aside
from lsl_trainer.data.split import CALIBRATION, TEST, TRAIN, duplicates, split_store
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.method import find_method

__all__ = ["TrainingData", "load_data", "task_to_learn"]


@dataclass(frozen=True)
class TrainingData:
    """The data of one training. All sets share one array of images."""

    fine_space: LabelSpace
    """The classes to learn, or the terms where these are learnt alone."""
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
    coarse_aside: Labelled
    fine_aside: Labelled
    """Training images that only say when to stop; empty without `patience`."""
    calibration: Labelled
    test: Labelled
    straddling: tuple[str, ...]
    """Genes that a stored split parts."""
    fingerprint: str
    image_size: tuple[int, int]
    further: tuple[FurtherTask, ...] = ()
    """Tasks to learn beside the fine one, or the terms that are learnt alone; `fine` then holds their labels too, and
    images that have only those."""
    held: Labelled | None = None
    """The calibration images with a label of a further task; their fine labels may be −1."""
    held_ranges: NDArray[np.int64] | None = None
    """(n,): their coarse classes, or classes where there are no coarse ones; with the gene they make the bags."""
    terms_alone: bool = False
    """Whether the network learns terms and no classes; all labels of classes are then −1."""

    @property
    def fine_outputs(self) -> int:
        """How many of the network's outputs, the first ones, are fine classes."""
        return 0 if self.terms_alone else len(self.fine_space)

    @property
    def outputs(self) -> int:
        """How many outputs the network has in the end: those of the fine classes, then those of the further tasks."""
        return self.fine_outputs + sum(len(task.space) for task in self.further)

    @property
    def coarse_classes(self) -> LabelSpace:
        """The coarse task, for steps that learn it. Raises ConfigError where there is none."""
        if self.coarse_space is None:
            raise ConfigError(f"task {self.fine_space.name!r} has no coarse task, and a step learns coarse labels")
        return self.coarse_space

    @property
    def digest(self) -> str:
        """SHA-256 over the store's fingerprint, the split, and all labels that are learnt from."""
        digest = hashlib.sha256(self.fingerprint.encode() + self.part.tobytes())
        for labelled in (self.coarse, self.fine):
            digest.update(labelled.rows.tobytes() + labelled.labels.tobytes())
            for others in labelled.others.values():
                digest.update(np.ascontiguousarray(others).tobytes())
        return digest.hexdigest()


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
    fine_space, coarse_space = _spaces(store, config)
    alone = fine_space.name in store.term_tasks
    tasks = tuple(space.name for space in (fine_space, coarse_space) if space and space.name in store.tasks)
    fine = np.full(len(store), -1) if alone else store.labels(fine_space.name).astype(np.int64)
    coarse = _coarse_labels(store, fine, fine_space, coarse_space)
    two_steps = find_method(config.method).coarse_labels
    further = (
        further_tasks(store, [config.labels.fine], "")
        if alone
        else further_tasks(store, config.labels.tasks, fine_space.name)
    )
    known = known_rows(further, len(store))
    needed = np.flatnonzero((fine >= 0) | (coarse >= 0) & two_steps | known)
    images, groups = load_images(store, needed, folder, shared=shared), store.groups()
    if part is None:
        chance = np.random.default_rng([config.seed, 1])
        part = split_store(store, config.labels.split, tasks, chance, duplicates(images, needed))
    drawn = _drawn(np.where(part == TRAIN, fine, -1), config)
    aside = _kept_aside(part, drawn, groups, config)
    learns = (part == TRAIN) & ~aside
    selections = {
        "coarse": (learns & (coarse >= 0) & two_steps, coarse),
        "fine": (learns & ((drawn >= 0) | known), drawn),
        "coarse_aside": (aside & (coarse >= 0) & two_steps, coarse),
        "fine_aside": (aside & (drawn >= 0), drawn),
        "calibration": ((part == CALIBRATION) & (fine >= 0), fine),
        "test": ((part == TEST) & (known if alone else fine >= 0), fine),
        "held": ((part == CALIBRATION) & known, fine),
    }
    sets = {
        name: Labelled(
            images,
            np.searchsorted(needed, np.flatnonzero(chosen)),
            labels[chosen],
            groups[chosen],
            store.ids[chosen],
            {task.name: task.labels[chosen] for task in further if name in ("fine", "held")},
        )
        for name, (chosen, labels) in selections.items()
    }
    if not alone:
        _check(sets["fine"], sets["coarse"], fine_space, config)
    return TrainingData(
        fine_space=fine_space,
        coarse_space=coarse_space,
        part=part,
        ids=store.ids,
        straddling=_straddling(store, part) if config.labels.split == "stored" else (),
        fingerprint=store.fingerprint(),
        image_size=store.shape[1:],
        further=further,
        held_ranges=(coarse if coarse_space else fine)[selections["held"][0]],
        terms_alone=alone,
        **sets,
    )


def task_to_learn(store: Store, config: TrainConfig) -> LabelSpace:
    """The task of classes to learn: the one that the settings name, else the store's only fine task. ConfigError."""
    if config.labels.fine in store.term_tasks:
        raise ConfigError(
            f"--fine {config.labels.fine} is a task of terms, which only a single training learns alone (no folds, "
            f"layers or comparison); to have classes as well: {_beside(store, config.labels.fine)}"
        )
    return store.task(config.labels.fine or _only_fine_task(store))


def _spaces(store: Store, config: TrainConfig) -> tuple[LabelSpace, LabelSpace | None]:
    if config.labels.fine in store.term_tasks:
        _check_alone(store, config)
        ranges = config.labels.coarse or range_task(store)
        return store.term_tasks[config.labels.fine], store.task(ranges) if ranges else None
    fine = task_to_learn(store, config)
    name = config.labels.coarse or fine.parent
    method = find_method(config.method)
    if not method.coarse_labels:
        return fine, store.tasks.get(name)
    if not name:
        raise ConfigError(f"task {fine.name!r} has no coarse task: use --method plain, or name one with --coarse")
    if name == fine.name:
        raise ConfigError(f"--fine and --coarse must be two tasks, received {name!r} twice")
    if method.parent_labels and name != fine.parent:
        there = f"{fine.name!r} has {fine.parent or 'none'!r}"
        raise ConfigError(f"--method {method.name} needs the fine task's parent as --coarse, and {there}")
    return fine, store.task(name)


def _check_alone(store: Store, config: TrainConfig) -> None:
    """Raises ConfigError for settings that need classes, where a task of terms is learnt alone."""
    labels = config.labels
    if not find_method(config.method).terms_alone:
        raise ConfigError(
            f"--fine {labels.fine} is a task of terms, and --method {config.method} goes from coarse to fine "
            f"classes: add --method plain, or learn classes as well: {_beside(store, labels.fine)}"
        )
    given = {
        "--task": labels.tasks, "--task-weight": labels.task_weights, "--patience": config.epochs.patience,
        "--fine-per-class": labels.fine_per_class, "--sampling balanced": labels.sampling == "balanced",
    }  # fmt: skip
    if unused := [option for option, value in given.items() if value]:
        raise ConfigError(
            f"--fine {labels.fine} learns terms alone: leave {', '.join(unused)} out, or learn classes as well: "
            f"{_beside(store, labels.fine)}"
        )


def _beside(store: Store, terms: str) -> str:
    classes = range_task(store) or next(iter(store.tasks), "TASK")
    return f"--fine {classes} --task {terms}"


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
    if not config.labels.fine_per_class:
        return labels
    generator = np.random.default_rng([config.labels.label_seed, 2])
    drawn = np.full_like(labels, -1)
    for label in np.unique(labels[labels >= 0]):
        members = generator.permutation(np.flatnonzero(labels == label))[: config.labels.fine_per_class]
        drawn[members] = label
    return drawn


def _kept_aside(
    part: NDArray[np.int8], drawn: NDArray[np.int64], groups: NDArray[np.int64], config: TrainConfig
) -> NDArray[np.bool_]:
    if not config.epochs.patience:
        return np.zeros(len(part), dtype=bool)
    return kept_aside(groups, drawn, part == TRAIN, np.random.default_rng([config.seed, 8]))


def _straddling(store: Store, part: NDArray[np.int8]) -> tuple[str, ...]:
    parts: dict[str, set[int]] = {}
    for gene, which in zip(store.genes, part.tolist(), strict=True):
        parts.setdefault(gene, set()).add(which)
    return tuple(gene for gene, found in parts.items() if gene and len(found) > 1)


def _check(fine: Labelled, coarse: Labelled, space: LabelSpace, config: TrainConfig) -> None:
    present, labelled = len(np.unique(fine.labels[fine.labels >= 0])), int((fine.labels >= 0).sum())
    if present < 2:
        raise TrainingError(
            f"{labelled} training images carry a label of {space.name!r}, of {present} classes: two are needed"
        )
    if find_method(config.method).coarse_labels and len(np.unique(coarse.labels)) < 2:
        raise TrainingError("the training images have fewer than two coarse classes: use --method plain")
