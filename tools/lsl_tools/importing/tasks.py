"""The tasks that --task names: COLUMN, or COLUMN:COARSE for a fine task, once for each of its coarse tasks."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lsl_shared.errors import ConfigError
from lsl_shared.labels import LabelSpace

__all__ = ["FLY_TASKS", "TaskSpec", "parse_tasks"]


@dataclass(frozen=True)
class TaskSpec:
    """A task by its name, which is also its column, its coarse task ('' if none), and further coarse tasks."""

    name: str
    parent: str = ""
    further: tuple[str, ...] = ()

    @property
    def coarse(self) -> tuple[str, ...]:
        """All its coarse tasks."""
        return (*([self.parent] if self.parent else []), *self.further)


FLY_TASKS = (TaskSpec("stage_range"), TaskSpec("stage", "stage_range"))


def parse_tasks(texts: Iterable[str]) -> tuple[TaskSpec, ...]:
    """Tasks from "COLUMN" or "COLUMN:COARSE", coarse ones first; one that is not named itself becomes a task too.

    A fine task may be named with several coarse ones. Raises ConfigError for a task that is its own ancestor,
    LabelError for a name that cannot be a task's.
    """
    coarse: dict[str, list[str]] = {}
    for text in texts:
        name, _, above = (part.strip() for part in text.partition(":"))
        known = coarse.setdefault(name, [])
        if above and above not in known:
            known.append(above)
    for above in [above for known in coarse.values() for above in known]:
        coarse.setdefault(above, [])
    for name in coarse:
        LabelSpace(name, ("any",))
    specs = [_spec(name, known) for name, known in coarse.items()]
    return tuple(sorted(specs, key=lambda spec: _depth(spec.name, coarse, ())))


def _spec(name: str, coarse: list[str]) -> TaskSpec:
    """The fly's stages have their usual ranges as parent, whatever comes first."""
    usual = FLY_TASKS[1]
    if name == usual.name and usual.parent in coarse:
        coarse = [usual.parent, *(one for one in coarse if one != usual.parent)]
    return TaskSpec(name, coarse[0] if coarse else "", tuple(coarse[1:]))


def _depth(name: str, coarse: dict[str, list[str]], below: tuple[str, ...]) -> int:
    if name in below:
        raise ConfigError(f"--task: {' : '.join([*below, name])}: a task cannot be above itself")
    return 1 + max((_depth(above, coarse, (*below, name)) for above in coarse[name]), default=0)
