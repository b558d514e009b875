"""Which stages are meant by --stage all: every class of the model that any image of the choice was given."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsl_runtime.gem.choice import Filter, check_terms, choose, task_of
from lsl_runtime.model import Model
from lsl_shared.annotations import Annotations, annotations_path
from lsl_shared.errors import GemError
from lsl_shared.store import Store

__all__ = ["ALL_STAGES", "classes_of", "meant_stages"]

ALL_STAGES = "all"


def meant_stages(
    store: str | Path,
    stages: Sequence[str],
    *,
    terms: Sequence[str] = (),
    model: Model | None = None,
    annotations: str | Path | None = None,
    wanted: Filter | None = None,
) -> tuple[list[str], list[str]]:
    """The stages to map, and the classes left out because no image was given them.

    `stages` as they are, unless there are none or one of them is "all" and no class has that name: then the classes of
    the model's first task that some image passing the filter was given, in the model's order. `terms` are meant
    themselves. Raises StoreError, AnnotationsError, and GemError where no image is left or a term is unknown.
    """
    with Store(store) as opened, Annotations(annotations or annotations_path(store)) as given:
        if terms:
            check_terms(given, terms)
            return list(dict.fromkeys(terms)), []
        task = task_of(given, [], model.task.name if model else "")
        if stages and (ALL_STAGES not in stages or ALL_STAGES in given.tasks[task]):
            return list(stages), []
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
        return held, empty


def classes_of(annotations: str | Path, stage: str) -> list[str]:
    """The classes of the task that has the class `stage`, in the model's order."""
    with Annotations(annotations) as given:
        return list(given.tasks[task_of(given, [stage])])
