"""What a command line asks to be mapped: stages, every stage that any image of the choice was given, or terms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lsl_runtime.gem.build.selection import Filter, choose, constraint_kept, task_of, term_task_of
from lsl_runtime.model.model import Model
from lsl_shared.errors import GemError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.store import Store

__all__ = ["ALL_STAGES", "Meant", "meant_stages"]

ALL_STAGES = "all"


@dataclass(frozen=True)
class Meant:
    """What is to be mapped."""

    task: str
    classes: tuple[str, ...]
    """All classes or terms of the task, in the model's order."""
    stages: tuple[str, ...]
    """Those to map."""
    empty: tuple[str, ...] = ()
    """Those left out because no image was given them."""
    within: str = ""
    """The coarse task whose known labels the answers keep to; '' for free answers."""


def meant_stages(
    store: str | Path,
    stages: Sequence[str],
    *,
    terms: Sequence[str] = (),
    model: Model | None = None,
    annotations: str | Path | None = None,
    wanted: Filter | None = None,
) -> Meant:
    """The stages to map, and of which task they are.

    `stages` as they are, unless there are none or one of them is "all" and no class has that name: then the classes of
    the model's first task that some image passing the filter was given, in the model's order. `terms` are meant
    themselves. Raises StoreError, AnnotationsError, and GemError where no image is left or a term is unknown.
    """
    with Store(store) as opened, Annotations(annotations or annotations_path(store)) as given:
        if terms:
            task = term_task_of(given, terms)
            return Meant(task, given.tasks[task], tuple(dict.fromkeys(terms)))
        first = model.task.name if model else ""
        task = task_of(given, [], first)
        if stages and (ALL_STAGES not in stages or ALL_STAGES in given.tasks[task]):
            task = task_of(given, stages, first)
            return Meant(task, given.tasks[task], tuple(stages), (), constraint_kept(given, task, wanted or Filter()))
        held, empty, problem = list[str](), list[str](), None
        for stage in given.tasks[task]:
            try:
                choose(opened, given, task, stage, wanted)
                held.append(stage)
            except GemError as found:
                empty.append(stage)
                problem = found
        if problem is not None and not held:
            raise problem
        kept = constraint_kept(given, task, wanted or Filter())
        return Meant(task, given.tasks[task], tuple(held), tuple(empty), kept)
