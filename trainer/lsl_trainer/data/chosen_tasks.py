"""Which tasks of a store are learnt: the fine one, the coarse ones above it, and further ones; or terms alone."""

from __future__ import annotations

from dataclasses import dataclass

from lsl_runtime.evaluation.term_scores import range_task
from lsl_shared.coarse import CoarseTask, implied_coarse
from lsl_shared.errors import ConfigError
from lsl_shared.files.store import Store
from lsl_shared.files.store_coarse import finest_tasks
from lsl_shared.labels import LabelSpace
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.labels import Labels
from lsl_trainer.settings.method import Method

__all__ = ["ChosenTasks", "choose_tasks", "most_labelled", "task_to_learn", "tasks_beside"]


@dataclass(frozen=True)
class ChosenTasks:
    """The tasks of a training."""

    fine: LabelSpace | None
    """The task of classes to learn; None where terms are learnt alone."""
    coarse: LabelSpace | None
    """The coarse task that a step learns; the ranges that make bags, where terms are learnt alone. None where there is
    none."""
    further: tuple[str, ...]
    """The tasks of classes or terms beside the fine one, or the terms that are learnt alone."""
    constraints: tuple[CoarseTask, ...] = ()
    """The coarse tasks whose labels the method learns together; none where it learns one alone, or none."""

    def learns_coarse(self, method: Method) -> bool:
        """Whether a method learns the coarse labels."""
        return method.coarse_labels or bool(self.constraints)

    @property
    def of_classes(self) -> tuple[str, ...]:
        """The fine task and the coarse ones, as far as there are such."""
        names = [space.name for space in (self.fine, self.coarse) if space]
        return tuple(dict.fromkeys([*names, *(one.name for one in self.constraints)]))


def choose_tasks(store: Store, config: TrainConfig, method: Method) -> ChosenTasks:
    """The tasks that the settings name. Raises ConfigError for what the store lacks or the method cannot learn."""
    labels = config.labels
    if labels.fine in store.term_tasks:
        _check_alone(store, config, method)
        ranges = labels.coarse or range_task(store)
        return ChosenTasks(None, store.task(ranges) if ranges else None, (labels.fine,))
    fine = task_to_learn(store, labels)
    name, further = _coarse_name(store, fine, labels, method), tasks_beside(store, labels, fine.name)
    over = [one for one in store.coarse_tasks(fine.name) if labels.coarse in ("", one.name)]
    coarse = store.task(name) if method.coarse_labels else store.tasks.get(name)
    return ChosenTasks(fine, coarse, further, tuple(over) if method.all_coarse else ())


def task_to_learn(store: Store, labels: Labels) -> LabelSpace:
    """The task of classes to learn: the one that the settings name, else the store's only fine task. ConfigError."""
    if labels.fine in store.term_tasks:
        raise ConfigError(
            f"--fine {labels.fine} is a task of terms, which only a single training learns alone (no folds, "
            f"layers or comparison); to have classes as well: {_beside(store, labels.fine)}"
        )
    return store.task(labels.fine or _only_fine_task(store))


def _coarse_name(store: Store, fine: LabelSpace, labels: Labels, method: Method) -> str:
    """The name of the coarse task of a step; the store may lack it where the method does not learn it."""
    name = labels.coarse or most_labelled(store, fine)
    if not method.coarse_labels:
        return name
    if not name:
        raise ConfigError(f"task {fine.name!r} has no coarse task: use --method plain, or name one with --coarse")
    if name == fine.name:
        raise ConfigError(f"--fine and --coarse must be two tasks, received {name!r} twice")
    over = [one.name for one in store.coarse_tasks(fine.name)]
    if method.all_coarse and name not in over:
        there = f"{fine.name!r} has {', '.join(over) or 'none'!r}"
        raise ConfigError(f"--method {method.name} needs a coarse task of the fine one as --coarse, and {there}")
    return name


def most_labelled(store: Store, fine: LabelSpace) -> str:
    """The coarse task of `fine` with the most labels, those that follow from fine labels included; '' without any.

    Of as many the parent comes first. Tasks that lie above other coarse ones do not count.
    """
    direct = [fine.parent] * bool(fine.parent) + [one.name for one in store.further_coarse.get(fine.name, ())]
    if len(direct) < 2:
        return "".join(direct)
    over, labels = {one.name: one for one in store.coarse_tasks(fine.name)}, store.labels(fine.name)
    counts = [int(((store.labels(name) >= 0) | (implied_coarse(over[name], labels) >= 0)).sum()) for name in direct]
    return direct[counts.index(max(counts))]


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
    fine = finest_tasks(store.tasks, store.further_coarse)
    if len(fine) == 1:
        return fine[0]
    if not fine and len(store.tasks) == 1:
        return next(iter(store.tasks))
    listed = ", ".join(store.tasks) or "none"
    raise ConfigError(f"{store.path}: name the task to learn with --fine; the store has: {listed}")
