"""Which tasks of a store are learnt: the fine one, the coarse one above it, and further ones; or terms alone."""

from __future__ import annotations

from dataclasses import dataclass

from lsl_runtime.evaluation.term_scores import range_task
from lsl_shared.errors import ConfigError
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.labels import Labels
from lsl_trainer.settings.method import Method

__all__ = ["ChosenTasks", "choose_tasks", "task_to_learn", "tasks_beside"]


@dataclass(frozen=True)
class ChosenTasks:
    """The tasks of a training."""

    fine: LabelSpace | None
    """The task of classes to learn; None where terms are learnt alone."""
    coarse: LabelSpace | None
    """The coarse task above it; the ranges that make bags, where terms are learnt alone. None where there is none."""
    further: tuple[str, ...]
    """The tasks of classes or terms beside the fine one, or the terms that are learnt alone."""

    def learns_coarse(self, method: Method) -> bool:
        """Whether a method learns the coarse labels."""
        above = bool(self.fine and self.coarse and self.fine.parent == self.coarse.name)
        return method.coarse_labels or (method.coarse_if_any and above)

    @property
    def of_classes(self) -> tuple[str, ...]:
        """The fine task and the coarse one, as far as there are such."""
        return tuple(space.name for space in (self.fine, self.coarse) if space)


def choose_tasks(store: Store, config: TrainConfig, method: Method) -> ChosenTasks:
    """The tasks that the settings name. Raises ConfigError for what the store lacks or the method cannot learn."""
    labels = config.labels
    if labels.fine in store.term_tasks:
        _check_alone(store, config, method)
        ranges = labels.coarse or range_task(store)
        return ChosenTasks(None, store.task(ranges) if ranges else None, (labels.fine,))
    fine = task_to_learn(store, labels)
    name, further = _coarse_name(fine, labels, method), tasks_beside(store, labels, fine.name)
    return ChosenTasks(fine, store.task(name) if method.coarse_labels else store.tasks.get(name), further)


def task_to_learn(store: Store, labels: Labels) -> LabelSpace:
    """The task of classes to learn: the one that the settings name, else the store's only fine task. ConfigError."""
    if labels.fine in store.term_tasks:
        raise ConfigError(
            f"--fine {labels.fine} is a task of terms, which only a single training learns alone (no folds, "
            f"layers or comparison); to have classes as well: {_beside(store, labels.fine)}"
        )
    return store.task(labels.fine or _only_fine_task(store))


def _coarse_name(fine: LabelSpace, labels: Labels, method: Method) -> str:
    """The name of the coarse task; the store may lack it where the method does not learn it."""
    name = labels.coarse or fine.parent
    if method.coarse_if_any and not labels.coarse:
        return fine.parent
    if not method.coarse_labels:
        return name
    if not name:
        raise ConfigError(f"task {fine.name!r} has no coarse task: use --method plain, or name one with --coarse")
    if name == fine.name:
        raise ConfigError(f"--fine and --coarse must be two tasks, received {name!r} twice")
    if method.parent_labels and name != fine.parent:
        there = f"{fine.name!r} has {fine.parent or 'none'!r}"
        raise ConfigError(f"--method {method.name} needs the fine task's parent as --coarse, and {there}")
    return name


def tasks_beside(store: Store, labels: Labels, fine: str) -> tuple[str, ...]:
    """The further tasks that the settings name. Raises ConfigError for one that the store lacks, or the fine one."""
    for name in labels.tasks:
        if (name not in store.tasks and name not in store.term_tasks) or name == fine:
            listed = ", ".join(known for known in (*store.tasks, *store.term_tasks) if known != fine) or "none"
            raise ConfigError(f"--task {name}: no further task of {store.path}; it has, beside {fine}: {listed}")
    return labels.tasks


def _check_alone(store: Store, config: TrainConfig, method: Method) -> None:
    """Raises ConfigError for settings that need classes, where a task of terms is learnt alone."""
    labels = config.labels
    if not method.terms_alone:
        raise ConfigError(
            f"--fine {labels.fine} is a task of terms, and --method {method.name} goes from coarse to fine "
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
