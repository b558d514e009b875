"""Which tasks of a store are learnt: the fine one, the coarse one above it, and further ones; or terms alone."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lsl_runtime.evaluation.term_scores import range_task
from lsl_shared.errors import ConfigError
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_trainer.data.further_tasks import further_tasks
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.labels import Labels
from lsl_trainer.settings.method import Method, find_method
from lsl_trainer.tasks.classes import FineTask
from lsl_trainer.tasks.learnt_task import LearntTask

__all__ = ["ChosenTasks", "choose_tasks", "task_to_learn"]


@dataclass(frozen=True)
class ChosenTasks:
    """The tasks of a training."""

    first: tuple[FineTask, ...]
    """The task of classes to learn; none where terms are learnt alone."""
    coarse: LabelSpace | None
    """The coarse task above it; the ranges that make bags, where terms are learnt alone."""
    further: tuple[LearntTask, ...]
    """Tasks beside the fine one, or the terms that are learnt alone."""


def choose_tasks(store: Store, config: TrainConfig) -> ChosenTasks:
    """The tasks that the settings name. Raises ConfigError for what the store lacks or the method cannot learn."""
    labels, method = config.labels, find_method(config.method)
    if labels.fine in store.term_tasks:
        _check_alone(store, config)
        ranges = labels.coarse or range_task(store)
        return ChosenTasks((), store.task(ranges) if ranges else None, further_tasks(store, [labels.fine], ""))
    space = task_to_learn(store, labels)
    coarse = _coarse_task(store, space, labels.coarse or space.parent, method)
    fine = FineTask(space, store.labels(space.name).astype(np.int64), coarse)
    return ChosenTasks((fine,), coarse, further_tasks(store, labels.tasks, space.name))


def task_to_learn(store: Store, labels: Labels) -> LabelSpace:
    """The task of classes to learn: the one that the settings name, else the store's only fine task. ConfigError."""
    if labels.fine in store.term_tasks:
        raise ConfigError(
            f"--fine {labels.fine} is a task of terms, which only a single training learns alone (no folds, "
            f"layers or comparison); to have classes as well: {_beside(store, labels.fine)}"
        )
    return store.task(labels.fine or _only_fine_task(store))


def _coarse_task(store: Store, fine: LabelSpace, name: str, method: Method) -> LabelSpace | None:
    """The coarse task of that name, where the method can learn it."""
    if not method.coarse_labels:
        return store.tasks.get(name)
    if not name:
        raise ConfigError(f"task {fine.name!r} has no coarse task: use --method plain, or name one with --coarse")
    if name == fine.name:
        raise ConfigError(f"--fine and --coarse must be two tasks, received {name!r} twice")
    if method.parent_labels and name != fine.parent:
        there = f"{fine.name!r} has {fine.parent or 'none'!r}"
        raise ConfigError(f"--method {method.name} needs the fine task's parent as --coarse, and {there}")
    return store.task(name)


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
