"""What is known of every image of a store, and which of its fine labels count."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

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

    @property
    def needed(self) -> NDArray[np.int64]:
        """The images with a label that is learnt, places in the store (n,)."""
        return np.flatnonzero((self.fine >= 0) | (self.coarse >= 0) | self.beside)


def known_labels(store: Store, tasks: ChosenTasks, *, learns_coarse: bool) -> KnownLabels:
    """The labels of the store's N images for these tasks; those that are not to be used count as unlabelled."""
    none = np.full(len(store), -1, dtype=np.int64)
    fine = store.labels(tasks.fine.name).astype(np.int64) if tasks.fine else none
    coarse = _coarse_labels(store, tasks.coarse, tasks.fine) if tasks.coarse else none
    further, usable = further_tasks(store, tasks.further), store.unusable() == ""
    fine, coarse = np.where(usable, fine, -1), np.where(usable, coarse, -1)
    return KnownLabels(
        first=(FineTask(tasks.fine, fine, tasks.coarse),) if tasks.fine else (),
        further=further,
        fine=fine,
        coarse=coarse if learns_coarse else none,
        beside=np.any([none >= 0, *(task.known for task in further)], axis=0) & usable,
        ranges=coarse if tasks.coarse else fine,
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
    """Coarse labels (N,), −1 unknown; an image that has a class of `fine` alone takes that class's parent."""
    known = store.labels(coarse.name).astype(np.int64)
    if fine is None or fine.parent != coarse.name:
        return known
    labels = store.labels(fine.name)
    return np.where((known < 0) & (labels >= 0), np.asarray(fine.parent_index)[labels], known)
