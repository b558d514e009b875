"""The tasks that --task names: COLUMN, or COLUMN:PARENT for a fine task."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lsl_shared.errors import ConfigError
from lsl_shared.labels import LabelSpace

__all__ = ["FLY_TASKS", "TaskSpec", "parse_tasks"]


@dataclass(frozen=True)
class TaskSpec:
    """A task by its name, which is also its column, and its coarse task ('' if none)."""

    name: str
    parent: str = ""


FLY_TASKS = (TaskSpec("stage_range"), TaskSpec("stage", "stage_range"))


def parse_tasks(texts: Iterable[str]) -> tuple[TaskSpec, ...]:
    """Tasks from "COLUMN" or "COLUMN:PARENT", parents first; a parent not named itself becomes a task too.

    Raises ConfigError for a task named twice or its own ancestor, LabelError for a name that cannot be a task's.
    """
    parents: dict[str, str] = {}
    for text in texts:
        name, _, parent = (part.strip() for part in text.partition(":"))
        if parents.setdefault(name, parent) != parent:
            raise ConfigError(f"--task {text}: {name!r} was given another parent before, {parents[name] or 'none'!r}")
    for parent in [parent for parent in parents.values() if parent]:
        parents.setdefault(parent, "")
    for name in parents:
        LabelSpace(name, ("any",))
    specs = [TaskSpec(name, parent) for name, parent in parents.items()]
    return tuple(sorted(specs, key=lambda spec: _depth(spec.name, parents)))


def _depth(name: str, parents: dict[str, str]) -> int:
    seen: list[str] = []
    while name:
        if name in seen:
            raise ConfigError(f"--task: {' : '.join([*seen, name])}: a task cannot be above itself")
        seen.append(name)
        name = parents[name]
    return len(seen)
