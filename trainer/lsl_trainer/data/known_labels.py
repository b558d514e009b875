"""What is known of every image of a store, and which of its fine labels count."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lsl_shared.allowed import AllowedSets, allowed_sets
from lsl_shared.coarse import implied_coarse
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_trainer.data.chosen_tasks import ChosenTasks
from lsl_trainer.data.further_tasks import further_tasks
from lsl_trainer.settings.labels import Labels
from lsl_trainer.tasks.classes import FineTask
from lsl_trainer.tasks.learnt_task import LearntTask

__all__ = ["KnownLabels", "drawn_labels", "known_labels", "range_labels"]


@dataclass(frozen=True)
class KnownLabels:
    """The tasks of a training with their labels of the whole store; labels are −1 where unknown."""

    first: tuple[FineTask, ...]
    """The task of classes to learn; none where terms are learnt alone."""
    further: tuple[LearntTask, ...]
    """The tasks beside it, or the terms that are learnt alone."""
    fine: NDArray[np.int64]
    """(N,): classes of the task to learn."""
    coarse: NDArray[np.int64]
    """(N,): coarse classes, those above a known fine class included; all −1 for methods that do not learn them."""
    beside: NDArray[np.bool_]
    """(N,): whether an image carries a label of a further task."""
    ranges: NDArray[np.int64]
    """(N,): coarse classes, or fine ones where there is no coarse task; with the gene they make bags."""
    allowed: AllowedSets
    """What the labels of all coarse tasks that the method learns together allow; an image whose labels contradict each
    other counts as one without any."""
    contradictory: int
    """How many such images there are."""

    @property
    def needed(self) -> NDArray[np.int64]:
        """The images with a label that is learnt, places in the store (n,)."""
        return np.flatnonzero((self.fine >= 0) | (self.coarse >= 0) | (self.allowed.of_image >= 0) | self.beside)


def known_labels(store: Store, tasks: ChosenTasks, *, learns_coarse: bool) -> KnownLabels:
    """The labels of the store's N images for these tasks; those that are not to be used count as unlabelled."""
    none = np.full(len(store), -1, dtype=np.int64)
    fine = store.labels(tasks.fine.name).astype(np.int64) if tasks.fine else none
    coarse = _coarse_labels(store, tasks.coarse, tasks.fine) if tasks.coarse else none
    further, usable = further_tasks(store, tasks.further), store.unusable() == ""
    fine, coarse = np.where(usable, fine, -1), np.where(usable, coarse, -1)
    allowed = _allowed(store, tasks, usable)
    apart = allowed.contradictory
    return KnownLabels(
        first=(FineTask(tasks.fine, fine, store.coarse_tasks(tasks.fine.name)),) if tasks.fine else (),
        further=further,
        fine=fine,
        coarse=coarse if learns_coarse else none,
        beside=np.any([none >= 0, *(task.known for task in further)], axis=0) & usable,
        ranges=coarse if tasks.coarse else fine,
        allowed=replace(allowed, of_image=np.where(apart, -1, allowed.of_image)),
        contradictory=int(apart.sum()),
    )


def range_labels(store: Store, fine: LabelSpace) -> NDArray[np.int64]:
    """The range of each image (N,), −1 unknown: its coarse class, or its class where the fine task has no coarse one.

    With the gene it makes the bags that terms belong to.
    """
    if fine.parent in store.tasks:
        return _coarse_labels(store, store.task(fine.parent), fine)
    return store.labels(fine.name).astype(np.int64)


def drawn_labels(labels: NDArray[np.int64], settings: Labels) -> NDArray[np.int64]:
    """The labels (N,) that count: at most `fine_per_class` of each class, others −1."""
    if not settings.fine_per_class:
        return labels
    generator = np.random.default_rng([settings.label_seed, 2])
    drawn = np.full_like(labels, -1)
    for label in np.unique(labels[labels >= 0]):
        members = generator.permutation(np.flatnonzero(labels == label))[: settings.fine_per_class]
        drawn[members] = label
    return drawn


def _coarse_labels(store: Store, coarse: LabelSpace, fine: LabelSpace | None) -> NDArray[np.int64]:
    """Coarse labels (N,), −1 unknown; an image that has a class of `fine` alone takes the coarse class above it."""
    known = store.labels(coarse.name).astype(np.int64)
    over = next((one for one in store.coarse_tasks(fine.name) if one.name == coarse.name), None) if fine else None
    if fine is None or over is None:
        return known
    return np.where(known < 0, implied_coarse(over, store.labels(fine.name)), known)


def _allowed(store: Store, tasks: ChosenTasks, usable: NDArray[np.bool_]) -> AllowedSets:
    """What the coarse labels of usable images allow together; a fine label alone counts as the coarse class above it.

    The first coarse task in which one follows takes it, and no other one: an image whose fine label is not drawn must
    not say more than a coarse label would.
    """
    if tasks.fine is None:
        return allowed_sets([], 0, len(store))
    fine, known = store.labels(tasks.fine.name), []
    labels = [np.where(usable, store.labels(one.name), -1) for one in tasks.constraints]
    unknown = usable & np.all([found < 0 for found in labels], axis=0)
    for one, found in zip(tasks.constraints, labels, strict=True):
        implied = np.where(unknown, implied_coarse(one, fine), -1)
        known.append((one, np.where(implied >= 0, implied, found)))
        unknown &= implied < 0
    return allowed_sets(known, len(tasks.fine), len(store))
