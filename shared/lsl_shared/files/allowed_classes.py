"""Which classes of a model's task the images of a store may have, as all their coarse labels say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsl_shared.allowed import AllowedSets, allowed_sets
from lsl_shared.coarse import CoarseTask
from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store

__all__ = ["all_coarse", "allowed_classes", "allowed_in", "coarse_in"]


def allowed_classes(store: Store, task: Task) -> NDArray[np.bool_]:
    """Which classes of a model's task each image may have: those that all its coarse labels allow.

    Coarse tasks are the model's, and those that the store has over its task of that name. Classes are matched by name;
    one that the model does not know allows all.

    Args:
        store: The store.
        task: The model's task, of K classes.

    Returns:
        bool (N, K): all True without a coarse label; none where the image is outside the task, or its labels contradict
        each other.

    Example:
        >>> from lsl_runtime import Model
        >>> from lsl_shared import Store, allowed_classes
        >>> with Store("store.h5") as store:
        ...     allowed = allowed_classes(store, Model.load("runs/demo/model").task)
        >>> allowed.shape, allowed.dtype
        ((60, 4), dtype('bool'))
    """
    return allowed_in(store, task).classes


def allowed_in(store: Store, task: Task, only: Sequence[str] | None = None) -> AllowedSets:
    """As `allowed_classes`, with what is outside and what contradicts; `only` names the coarse tasks that count."""
    chosen = [one for one in coarse_in(store, task) if only is None or one.name in only]
    known = [(one, _labels(store, one)) for one in chosen]
    return allowed_sets(known, len(task.classes), len(store))


def coarse_in(store: Store, task: Task) -> tuple[CoarseTask, ...]:
    """The coarse tasks over a model's task whose labels a store has: the model's first, then the store's own.

    The store's parent, and what is above it, count only for a model that knows that parent.
    """
    known = {one.name: one for one in task.coarse_tasks if one.name in store.tasks}
    if task.name in store.tasks:
        own, parent = store.tasks[task.name].classes, store.tasks[task.name].parent
        beside = store.further_coarse.get(task.name, ())
        for one in store.coarse_tasks(task.name) if parent in known else beside:
            known.setdefault(one.name, one.over(own, task.classes))
    return tuple(known.values())


def all_coarse(store: Store, task: Task) -> tuple[CoarseTask, ...]:
    """All coarse tasks over a model's task: the model's, whether the store has them or not, then the store's own."""
    return tuple({one.name: one for one in (*task.coarse_tasks, *coarse_in(store, task))}.values())


def _labels(store: Store, coarse: CoarseTask) -> NDArray[np.int64]:
    """A store's labels (N,) as indices into the classes of a coarse task, −1 where unlabelled or unknown."""
    place = {name: index for index, name in enumerate(coarse.classes)}
    index = [place.get(name, -1) for name in store.tasks[coarse.name].classes]
    return np.asarray(np.array([*index, -1])[store.labels(coarse.name)], dtype=np.int64)
