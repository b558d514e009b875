"""Further tasks beside the one to learn: classes or terms, with labels on as many images as somebody has labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError, TrainingError
from lsl_shared.files.store import NOT_ANNOTATED, Store
from lsl_shared.labels import LabelSpace

__all__ = ["FurtherTask", "frequent_terms", "further_tasks", "known_rows", "never_carried", "range_labels"]


@dataclass(frozen=True)
class FurtherTask:
    """A task that the network learns beside the first one."""

    space: LabelSpace
    terms: bool
    """Whether it is of kind terms: any number of its classes is right at once."""
    labels: NDArray[np.int64]
    """Of the whole store: (N,) or, for terms, (N, T) of 0 and 1; −1 where unknown."""

    @property
    def name(self) -> str:
        """The task's name."""
        return self.space.name


def further_tasks(store: Store, names: Sequence[str], fine: str) -> tuple[FurtherTask, ...]:
    """The tasks of these names. Raises ConfigError for one that the store lacks, or that is the fine one."""
    for name in names:
        if (name not in store.tasks and name not in store.term_tasks) or name == fine:
            listed = ", ".join(known for known in (*store.tasks, *store.term_tasks) if known != fine) or "none"
            raise ConfigError(f"--task {name}: no further task of {store.path}; it has, beside {fine}: {listed}")
    return tuple(_task(store, name) for name in names)


def known_rows(tasks: Sequence[FurtherTask], count: int) -> NDArray[np.bool_]:
    """Which of the store's `count` images carry a label of any of the tasks, (N,)."""
    known = np.zeros(count, bool)
    for task in tasks:
        known |= (task.labels >= 0).reshape(count, -1).any(1)
    return known


def never_carried(task: FurtherTask, labels: NDArray[np.int64]) -> tuple[str, ...]:
    """The terms that none of the training labels (n, T) carries; they cannot be learnt.

    Raises TrainingError where that is all of them.
    """
    carried = (labels == 1).any(0)
    if not carried.any():
        raise TrainingError(
            f"no training image carries any term of {task.name!r}: annotate more genes, or train without {task.name}"
        )
    return tuple(name for name, found in zip(task.space.classes, carried, strict=True) if not found)


def range_labels(store: Store, fine: LabelSpace) -> NDArray[np.int64]:
    """The range of each image (N,), −1 unknown: its coarse class, or its class where the fine task has no coarse one.

    With the gene it makes the bags that terms belong to.
    """
    labels = store.labels(fine.name).astype(np.int64)
    if fine.parent not in store.tasks:
        return labels
    coarse = store.labels(fine.parent).astype(np.int64)
    implied = np.asarray(fine.parent_index)[labels]
    return np.where((coarse < 0) & (labels >= 0), implied, coarse)


def frequent_terms(labels: NDArray[np.int64], genes: NDArray[np.int64], least: int = 3) -> NDArray[np.int64]:
    """The terms, places in `labels` (n, T), that images of at least so many genes (n,) carry."""
    counts = [len(np.unique(genes[column == 1])) for column in labels.T]
    return np.flatnonzero(np.array(counts) >= least)


def _task(store: Store, name: str) -> FurtherTask:
    if name in store.tasks:
        return FurtherTask(store.tasks[name], False, store.labels(name).astype(np.int64))
    carried = store.terms(name).astype(np.int64)
    return FurtherTask(store.term_tasks[name], True, np.where(carried == NOT_ANNOTATED, -1, carried))
