"""Fine classes of images whose coarse class is known: only its children are possible."""

from __future__ import annotations

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.files.store import Store

__all__ = [
    "allowed_classes",
    "check_constraint",
    "constrained",
    "write_constrained",
]

_ROWS = 65536


def allowed_classes(store: Store, task: Task) -> NDArray[np.bool_]:
    """Which fine classes each image may have, bool (N, K): the children of its coarse class, all where it has none.

    Coarse classes are matched by name; one that the model does not know leaves all. Images of a childless class have no
    True at all.
    """
    known = store.tasks[task.parent].classes
    names = np.array([*known, None], dtype=object)[store.labels(task.parent)]  # None for −1
    parents = np.array(task.parent_classes, dtype=object)[list(task.parent_index)]
    free = ~np.isin(names, task.parent_classes)
    return np.asarray((names[:, None] == parents[None]) | free[:, None], dtype=bool)


def constrained(
    probabilities: NDArray[np.float32], allowed: NDArray[np.bool_]
) -> tuple[NDArray[np.int16], NDArray[np.float32]]:
    """The likeliest allowed class of each image, int16 (n,), and its probability among the allowed ones, float32 (n,).

    `probabilities` and `allowed` are (n, K). Where nothing is allowed, or the probabilities are NaN: −1 and NaN. Where
    all allowed classes have probability 0, they share it evenly.
    """
    within = np.where(allowed, probabilities, 0)
    total = within.sum(1, keepdims=True)
    even = allowed / np.maximum(allowed.sum(1, keepdims=True), 1)
    among = np.where(total > 0, within / np.where(total > 0, total, 1), even)
    chosen = np.where(allowed, among, -1).argmax(1)
    probability = np.take_along_axis(among, chosen[:, None], 1)[:, 0]
    none = ~allowed.any(1) | np.isnan(probabilities).any(1)
    return np.where(none, -1, chosen).astype(np.int16), np.where(none, np.nan, probability).astype(np.float32)


def check_constraint(coarse: str, manifest: Manifest, store: Store) -> None:
    """Raises ConfigError unless a task of the model has the parent `coarse`, and the store holds its labels."""
    parents = sorted({task.parent for task in manifest.tasks if task.parent_classes})
    if coarse not in parents:
        there = ", ".join(parents) or "this one has none"
        raise ConfigError(f"--constrain takes a coarse task of the model, {there}; received {coarse!r}")
    if coarse not in store.tasks:
        raise ConfigError(f"--constrain: {store.path} has no labels of {coarse!r}; leave it out")


def write_constrained(file: h5py.File, store: Store, manifest: Manifest, coarse: str) -> None:
    """Writes `constrained_class` and `constrained_probability` of the tasks below `coarse`, from their probabilities.

    `file` holds the joined annotations of `store`.
    """
    file.attrs["constrained_by"] = coarse
    for task in manifest.tasks:
        if task.parent != coarse or not task.parent_classes:
            continue
        group, allowed = file[task.name], allowed_classes(store, task)
        chosen = group.create_dataset("constrained_class", (len(store),), np.int16)
        probability = group.create_dataset("constrained_probability", (len(store),), np.float32)
        for start in range(0, len(store), _ROWS):
            rows = slice(start, start + _ROWS)
            chosen[rows], probability[rows] = constrained(group["probabilities"][rows], allowed[rows])


def outside_task(store: Store, task: Task) -> NDArray[np.bool_]:
    """Images (N,) whose known coarse class has no fine class in the model's task."""
    coarse = task.parent_space
    if coarse is None or task.parent not in store.tasks:
        return np.zeros(len(store), dtype=bool)
    childless = {coarse.classes[k] for k in task.space.childless(coarse)}
    known = store.tasks[task.parent].classes
    return np.isin(store.labels(task.parent), [k for k, name in enumerate(known) if name in childless])
