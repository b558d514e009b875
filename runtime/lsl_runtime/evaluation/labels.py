"""A store's labels as a model's classes: matched by name, whatever their order."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.files.store import Store

__all__ = ["check_labels", "labels_of", "truth_of"]


def check_labels(store: Store, manifest: Manifest) -> None:
    """Raises StoreError where the store has labels of no task of the model, fine or coarse."""
    coarse = (one.name for task in manifest.tasks for one in task.coarse_tasks)
    wanted = list(dict.fromkeys([*(task.name for task in manifest.tasks), *coarse]))
    held = [*store.tasks, *store.term_tasks]
    if not set(wanted) & set(held):
        told = f"no labels of {' or '.join(wanted)} to compare with; it has: {', '.join(held) or 'none'}"
        raise StoreError(store.path, told, "labels")


def labels_of(store: Store, name: str, classes: tuple[str, ...], notes: list[str]) -> NDArray[np.int64]:
    """A task's labels as indices (N,) into the model's classes, −1 where unlabelled, unusable or unknown."""
    if name not in store.tasks:
        return np.full(len(store), -1)
    labels = np.where(store.unusable() == "", store.labels(name), -1)
    translated = _translated(labels, store.tasks[name].classes, classes)
    if lost := int(((labels >= 0) & (translated < 0)).sum()):
        notes.append(f"{lost:,} images have a {name} that the model does not know; they count as unlabelled")
    return translated


def truth_of(store: Store, task: Task) -> NDArray[np.int64]:
    """The stage that a demo store's images were drawn at, as indices (N,) into the model's classes; else −1."""
    if task.name != "stage" or "stage" not in store.tasks or not store.has_truth("stage"):
        return np.full(len(store), -1)
    return _translated(store.truth("stage"), store.tasks["stage"].classes, task.classes)


def _translated(labels: NDArray[Any], known: tuple[str, ...], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Indices into `known` as indices into `classes`, −1 where there is no such class."""
    index = [classes.index(name) if name in classes else -1 for name in known]
    return np.asarray(np.array([*index, -1])[labels], dtype=np.int64)
