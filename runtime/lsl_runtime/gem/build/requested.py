"""What is asked to be mapped: classes or terms by name, or every class that any image of the choice was given."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lsl_runtime.gem.build.mapped_task import MappedTask, MappedTerms, mapped_task, task_of, term_task_of, within_told
from lsl_runtime.gem.build.selection import choose
from lsl_runtime.gem.build.settings import Filter
from lsl_runtime.gem.build.source import Source
from lsl_shared.errors import GemError

__all__ = ["ALL_CLASSES", "Requested", "requested", "requested_of_command"]

ALL_CLASSES = "all"


@dataclass(frozen=True)
class Requested:
    """What is to be mapped."""

    task: MappedTask
    known: tuple[str, ...]
    """All classes or terms of the task, in the model's order."""
    names: tuple[str, ...]
    """Those to map, each once."""
    empty: tuple[str, ...] = ()
    """Those left out because no image was given them."""

    @property
    def passes(self) -> int:
        """How often the store is passed."""
        return len(self.task.passes(self.names))

    def told(self) -> Iterator[str]:
        """What a reader of the maps should know, in lines."""
        if self.empty:
            yield f"no images, so no map: {', '.join(self.empty)}"
        if self.task.within:
            yield within_told(self.task.within)


def requested(source: Source, names: Sequence[str], wanted: Filter, task: str = "") -> Requested:
    """Classes or terms by name, of the named task where several have them. Raises GemError for an unknown one."""
    found = task_of(source.annotations, names, task or source.first_task)
    mapped = mapped_task(source.annotations, found, wanted.constrained)
    return Requested(mapped, source.annotations.tasks[found], tuple(dict.fromkeys(names)))


def requested_of_command(source: Source, stages: Sequence[str], terms: Sequence[str], wanted: Filter) -> Requested:
    """What `--stage` and `--term` ask for.

    `stages` as they are, unless there are none or one of them is "all" and no class has that name: then the classes of
    the model's first task that some image passing the filter was given, in the model's order. `terms` are meant
    themselves. Raises GemError where no image is left or a name is unknown.
    """
    if terms:
        task = term_task_of(source.annotations, terms)
        return Requested(MappedTerms(task), source.annotations.tasks[task], tuple(dict.fromkeys(terms)))
    first = requested(source, [], wanted)
    if stages and (ALL_CLASSES not in stages or ALL_CLASSES in first.known):
        return requested(source, stages, wanted)
    return _with_images(source, first, wanted)


def _with_images(source: Source, asked: Requested, wanted: Filter) -> Requested:
    """All classes of a task but those that have no image. Raises GemError where none has."""
    held, empty = list[str](), dict[str, GemError]()
    for name in asked.known:
        try:
            choose(source, asked.task, name, wanted)
            held.append(name)
        except GemError as problem:
            empty[name] = problem
    if not held and empty:
        raise list(empty.values())[-1]
    return Requested(asked.task, asked.known, tuple(held), tuple(empty))
