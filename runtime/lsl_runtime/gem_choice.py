"""Which images make up a genomewide expression map, and with what weight: each gene counts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.annotations import Annotations, Status
from lsl_shared.errors import AnnotationsError, GemError
from lsl_shared.store import Store

__all__ = ["ALL_VIEWS", "Choice", "check_same_store", "choose", "task_of"]

ALL_VIEWS = "all"
SAMPLES = 5


@dataclass(frozen=True)
class Choice:
    """The images chosen for one stage."""

    stage: str
    rows: NDArray[np.int64]
    """(n,): their places in the store, ascending."""
    weights: NDArray[np.float64]
    """(n,): 1 / number of chosen images of the gene; an image without a gene is its own group."""
    n_genes: int
    samples: NDArray[np.int64]
    """The places of the most confident images of different genes, at most five, most confident first."""


def task_of(annotations: Annotations, stages: Sequence[str], task: str = "") -> str:
    """The task whose classes the stages are: `task` if named, else the first that has them all.

    Raises GemError that lists the classes.
    """
    candidates = [task] if task in annotations.tasks else list(annotations.tasks)
    for name in candidates:
        if set(stages) <= set(annotations.tasks[name]):
            return name
    listed = "; ".join(f"{name}: {', '.join(annotations.tasks[name][:40])}" for name in candidates)
    known = {label for name in candidates for label in annotations.tasks[name]}
    unknown = [stage for stage in stages if stage not in known]
    problem = f"no class {unknown[0]!r}" if unknown else f"no task has all of {', '.join(stages)}"
    raise GemError(annotations.path, f"{problem}. Classes of the model are {listed}")


def choose(store: Store, annotations: Annotations, task: str, stage: str, view: str | None = None) -> Choice:
    """Annotated images that were given `stage`, seen from `view`.

    None takes lateral images and those whose view is not known, "all" takes every view. Raises GemError where no
    image is left.
    """
    given = annotations.class_index(task) == annotations.tasks[task].index(stage)
    given &= annotations.status == Status.ANNOTATED
    rows = np.flatnonzero(given & _seen_from(store, view))
    if not len(rows):
        raise GemError(annotations.path, _none_left(int(given.sum()), stage, store, view), f"{task}/class")
    groups, inverse, counts = np.unique(store.groups()[rows], return_inverse=True, return_counts=True)
    samples = _samples(rows, inverse, annotations.probability(task)[rows])
    return Choice(stage, rows, 1 / counts[inverse], len(groups), samples)


def check_same_store(store: Store, annotations: Annotations) -> None:
    """Raises AnnotationsError where the annotations are those of another store."""
    if annotations.store_fingerprint != store.fingerprint() or len(annotations) != len(store):
        raise AnnotationsError(
            annotations.path, f"belongs to another store than {store.path}; `lsl-annotate {store.path}` annotates this"
        )


def _seen_from(store: Store, view: str | None) -> NDArray[np.bool_]:
    if view == ALL_VIEWS:
        return np.ones(len(store), bool)
    return np.isin(store.views, ["lateral", ""] if view is None else [view])


def _none_left(given: int, stage: str, store: Store, view: str | None) -> str:
    if not given:
        return f"the model gave no image the class {stage!r}, so there is nothing to map"
    views = ", ".join(sorted({seen or "unknown" for seen in store.views}))
    wanted = "lateral" if view is None else view
    return f"{given} images have class {stage!r}, none of them the view {wanted!r}. Views: {views}; see --view"


def _samples(rows: NDArray[np.int64], gene: NDArray[np.int64], probability: NDArray[np.float32]) -> NDArray[np.int64]:
    order = np.argsort(-probability, kind="stable")
    best_of_gene = np.sort(np.unique(gene[order], return_index=True)[1])
    return rows[order[best_of_gene[:SAMPLES]]]
