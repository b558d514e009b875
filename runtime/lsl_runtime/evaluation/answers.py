"""A model's answers to a store: those in the annotations where they are of this store and model, else predicted."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.ages import place_among_classes
from lsl_runtime.evaluation.kinds import is_of_classes
from lsl_runtime.model.model import Model
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.partitions import partitions
from lsl_shared.files.repacked import is_of
from lsl_shared.files.store import Store
from lsl_shared.fly_timetable import default_timetable
from lsl_shared.measures.age import AGE_DENSITY
from lsl_shared.timetable import Timetable

__all__ = ["PLACES", "Answers", "answers_to", "times_of"]

PLACES = "age places"
"""The key of the places among the classes of the first task, float32 (N, 3), where images have an age."""
Answers = dict[str, NDArray[np.float32]]
"""Of each task, the probabilities of its classes or terms, float32 (N, K); NaN where there is no answer."""


def answers_to(
    store: Store,
    model: Model,
    annotations: str | Path,
    rows: NDArray[np.int64],
    notes: list[str],
    on_progress: Callable[[int], None],
) -> Answers:
    """The model's answers, at least to the images at `rows`."""
    stored = _stored(store, model, annotations, notes)
    if stored is None:
        return _predicted(store, model, rows, on_progress)
    on_progress(len(store))
    return stored


def _stored(store: Store, model: Model, path: str | Path, notes: list[str]) -> Answers | None:
    """The answers in the annotations; None where they are not this store's and model's."""
    if not Path(path).exists():
        return None
    try:
        with Annotations(path) as given:
            if given.model_digest == model.digest and is_of(given, store):
                found = {task.name: given.probabilities(task.name) for task in model.manifest.tasks}
                if given.has_age(model.task.name):
                    found[PLACES] = _places(given, model.task.name)
                return found
    except AnnotationsError as problem:
        notes.append(f"annotations not used, predicted anew: {problem}")
        return None
    notes.append(f"{path} is of another model or store: not used, predicted anew")
    return None


def times_of(model: Model, annotations: str | Path) -> Timetable | None:
    """The timetable that the ages in the annotations of a model follow, else the usual one."""
    task = model.task
    with suppress(AnnotationsError), Annotations(annotations) as given:
        if given.model_digest == model.digest and given.has_age(task.name):
            return given.timetable(task.name)
    return default_timetable(task.name, task.classes)


def _places(given: Annotations, task: str) -> NDArray[np.float32]:
    low, high = given.age_interval(task).T
    ages = np.stack([low, given.age(task), high], axis=1)
    return given.timetable(task).positions(ages).astype(np.float32)


def _predicted(store: Store, model: Model, rows: NDArray[np.int64], on_progress: Callable[[int], None]) -> Answers:
    """The answers to the images at `rows`."""
    tasks = model.manifest.tasks
    answers = {task.name: np.full((len(store), len(task.classes)), np.nan, np.float32) for task in tasks}
    if is_of_classes(tasks[0]):
        answers[PLACES] = np.full((len(store), 3), np.nan, np.float32)
    for partition in partitions(len(store), store.chunk_images):
        inside = rows[(rows >= partition.start) & (rows < partition.stop)]
        if len(inside):
            batches = list(model.classify(store.select(inside)))
            for task in tasks:
                output = model.output("probabilities", task)
                answers[task.name][inside] = np.concatenate([batch[output] for batch in batches])
            if PLACES in answers:
                density = np.concatenate([batch[AGE_DENSITY] for batch in batches]) if model.graphs.has_age else None
                found = answers[tasks[0].name][inside]
                answers[PLACES][inside] = place_among_classes(model.manifest, tasks[0], found, density)
        on_progress(len(partition))
    return answers
