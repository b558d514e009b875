"""Fine classes of images whose coarse labels are known: only those that all of them allow are possible."""

from __future__ import annotations

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.files.allowed_classes import allowed_in, coarse_in
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.files.store import Store

__all__ = ["ALL", "constrained", "constraint", "outside_task", "write_constrained"]

ALL = "all"
"""In place of a coarse task: all of them whose labels a store has."""
_ROWS = 65536


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


def constraint(asked: str, manifest: Manifest, store: Store) -> str:
    """The coarse tasks that answers keep to, joined by commas: those `asked` for, or `ALL` that there are.

    Raises ConfigError unless they are over a task of the model, and the store holds their labels.
    """
    known = dict.fromkeys(one.name for task in manifest.tasks for one in task.coarse_tasks)
    held = dict.fromkeys(one.name for task in manifest.tasks for one in coarse_in(store, task))
    names = list(held) if asked == ALL and ALL not in known else [name.strip() for name in asked.split(",")]
    for name in names or [next(iter(known), ALL)]:
        if name not in {**known, **held}:
            there = ", ".join(sorted({**known, **held})) or "this one has none"
            raise ConfigError(f"--constrain takes a coarse task of the model, {there}; received {name!r}")
        if name not in store.tasks:
            raise ConfigError(f"--constrain: {store.path} has no labels of {name!r}; leave it out")
    return ",".join(dict.fromkeys(names))


def write_constrained(file: h5py.File, store: Store, manifest: Manifest, coarse: str) -> None:
    """Writes `constrained_class` and `constrained_probability` of the tasks below the `coarse` ones, joined by commas.

    `file` holds the joined annotations of `store`. Images whose coarse labels contradict each other get none.
    """
    file.attrs["constrained_by"] = coarse
    names = coarse.split(",")
    for task in manifest.tasks:
        if not {one.name for one in coarse_in(store, task)} & set(names):
            continue
        group, allowed = file[task.name], allowed_in(store, task, names).classes
        chosen = group.create_dataset("constrained_class", (len(store),), np.int16)
        probability = group.create_dataset("constrained_probability", (len(store),), np.float32)
        for start in range(0, len(store), _ROWS):
            rows = slice(start, start + _ROWS)
            chosen[rows], probability[rows] = constrained(group["probabilities"][rows], allowed[rows])


def outside_task(store: Store, task: Task) -> NDArray[np.bool_]:
    """Images (N,) whose known coarse class has no fine class in the model's task."""
    return allowed_in(store, task).outside
