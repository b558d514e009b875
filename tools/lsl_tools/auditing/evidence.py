"""What labels are judged by: out-of-fold probabilities of the images, and all their labels, fine and coarse."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import ConfigError
from lsl_shared.files.out_of_fold import OutOfFold
from lsl_shared.files.store import Store

__all__ = ["Evidence", "TaskLabels", "evidence_of"]

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class TaskLabels:
    """The labels of one task."""

    name: str
    classes: tuple[str, ...]
    allows: Bools
    """(C, S): what an image may be, of S possibilities, if the label is right."""
    labels: NDArray[np.int64]
    """(N,), −1 unlabelled."""

    @property
    def known(self) -> Bools:
        """(N,): whether an image has a label."""
        return self.labels >= 0

    @property
    def fits(self) -> Bools:
        """(N, S): whether the label of an image is right of each possibility; all where it has none."""
        return np.asarray(self.allows[self.labels] | ~self.known[:, None])

    def at(self, rows: Any) -> TaskLabels:
        """Those of some of the images."""
        return replace(self, labels=self.labels[rows])


@dataclass(frozen=True)
class Evidence:
    """N images of which a fine task was answered, and their labels of it and of its coarse tasks.

    What an image may be are the fine classes, and, where the models tell it, none of them.
    """

    rows: NDArray[np.int64]
    """(N,): their places in the store."""
    probabilities: NDArray[np.float64]
    """(N, S): of what each may be, out of fold."""
    folds: NDArray[np.int64]
    """(N,): when each was left out."""
    groups: NDArray[np.int64]
    """(N,): their genes."""
    tasks: tuple[TaskLabels, ...]
    """The fine task, then the coarse ones."""

    def at(self, rows: Any) -> Evidence:
        """The same of some of the images."""
        of_images = {name: getattr(self, name)[rows] for name in ("rows", "probabilities", "folds", "groups")}
        return replace(self, **of_images, tasks=tuple(task.at(rows) for task in self.tasks))

    @property
    def fits(self) -> Bools:
        """(N, S): whether all labels of an image are right of each possibility."""
        return np.asarray(np.all([task.fits for task in self.tasks], axis=0))

    @property
    def contradictory(self) -> Bools:
        """(N,): whether the labels of an image cannot all be right."""
        return np.asarray(~self.fits.any(1))

    def of_witnesses(self) -> Evidence:
        """Without the coarse labels of images with a fine one, where no two labels contradict each other: copies."""
        if self.contradictory.any():
            return self
        fine, *coarse = self.tasks
        return replace(
            self, tasks=(fine, *(replace(one, labels=np.where(fine.known, -1, one.labels)) for one in coarse))
        )


def evidence_of(store: Store, answers: OutOfFold) -> tuple[Evidence, ...]:
    """The evidence of each fine task that was answered, with the labels that the store has now.

    Images that are not to be used count for nothing. Raises ConfigError where the answers are of another store.
    """
    if answers.store_fingerprint != store.fingerprint():
        raise ConfigError(
            f"the run has learnt from other images than those of {store.path}: name another run with --run"
        )
    above = {one.name for name in answers.tasks if name in store.tasks for one in store.coarse_tasks(name)}
    names = [name for name in answers.tasks if name not in above]
    return tuple(_evidence(store, answers, name) for name in names)


def _evidence(store: Store, answers: OutOfFold, name: str) -> Evidence:
    answered = answers.tasks[name]
    if store.task(name).classes != answered.classes:
        raise ConfigError(f"the classes of {name!r} in {store.path} are not those that the run has learnt: train again")
    place = {one: row for row, one in enumerate(store.ids)}
    rows = np.array([place.get(one, -1) for one in answers.ids], dtype=np.int64)
    usable = np.isin(rows, [row for row, reason in enumerate(store.unusable()) if not reason])
    taken = np.flatnonzero(usable & ~np.isnan(answered.probabilities).any(1))
    coarse = store.coarse_tasks(name)
    outside = _outside(answers, coarse)[taken]
    fine = answered.probabilities[taken].astype(np.float64)
    told = bool(outside.any())
    known = [_labels(store, rows[taken], name, np.eye(fine.shape[1], dtype=np.bool_), told)]
    known += [_labels(store, rows[taken], one.name, one.matrix(fine.shape[1]), told) for one in coarse]
    return Evidence(
        rows=rows[taken],
        probabilities=np.column_stack([fine * (1 - outside[:, None]), outside]) if told else fine,
        folds=answers.folds[taken].astype(np.int64),
        groups=store.groups()[rows[taken]],
        tasks=tuple(known),
    )


def _outside(answers: OutOfFold, coarse: Sequence[CoarseTask]) -> NDArray[np.float64]:
    """How likely each image has none of the fine classes (N,), as the first coarse task says that can."""
    for one in coarse:
        answered = answers.tasks.get(one.name)
        if answered and one.childless and answered.classes == one.classes:
            return np.asarray(np.nansum(answered.probabilities[:, list(one.childless)], axis=1), np.float64)
    return np.zeros(len(answers.ids))


def _labels(store: Store, rows: NDArray[np.int64], name: str, allows: Bools, outside: bool) -> TaskLabels:
    """The labels of a task; those of a class that is outside are left out where no model tells of that."""
    labels, childless = store.labels(name)[rows].astype(np.int64), np.asarray(~allows.any(1), dtype=np.bool_)
    if outside:
        allows = np.column_stack([allows, childless])
    else:
        labels = np.where((labels >= 0) & childless[labels], -1, labels)
    return TaskLabels(name, store.task(name).classes, allows, labels)
