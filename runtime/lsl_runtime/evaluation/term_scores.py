"""Terms against the store's annotations: per bag, term by term and stage range by stage range."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.evaluation.kinds import is_of_classes, term_tasks
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.files.store import NOT_ANNOTATED, Store
from lsl_shared.measures.term_metrics import TermScores, bag_means, score_terms

__all__ = ["range_task", "score_term_tasks"]


def score_term_tasks(
    store: Store,
    manifest: Manifest,
    rows: NDArray[np.int64],
    probabilities: Mapping[str, NDArray[np.floating]],
    notes: list[str],
) -> dict[str, TermScores]:
    """Scores of the model's tasks of kind terms that the store has annotated, over the images at `rows`.

    `probabilities` has (N, T) of each task, NaN where there is no answer. Terms are matched by name. A task that cannot
    be scored gets a note: the store has none of it, or no bag carries a term that another bag of the same range lacks.
    """
    ranges, names = _ranges(store, manifest)
    found = {}
    for task in term_tasks(manifest):
        if task.name not in store.term_tasks:
            notes.append(f"{task.name}: the store has no annotations of it, so it is not scored")
            continue
        truth, given = _labels(store, task)[rows], probabilities[task.name][rows]
        known = (truth >= 0).any(1) & ~np.isnan(given).any(1)
        bags = bag_means(truth[known], given[known], store.groups()[rows][known], ranges[rows][known])
        scores = score_terms(bags, np.array(task.thresholds), task.classes, names)
        if scores is None:
            notes.append(f"{task.name}: no test bag carries a term that another of its range lacks, so none is scored")
        else:
            found[task.name] = scores
    return found


def range_task(store: Store) -> str:
    """The task whose classes are the ranges that terms belong to, where no fine task says so: the store's only coarse
    task, or its only one; '' where there is none, so that the images of a gene are one bag."""
    coarse = {space.parent for space in store.tasks.values() if space.parent} or set(store.tasks)
    return coarse.pop() if len(coarse) == 1 else ""


def _ranges(store: Store, manifest: Manifest) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The range of each image (N,), −1 unknown, and the ranges' names: of the first task's parent, or its own."""
    first = manifest.tasks[0]
    name = first.parent if first.parent in store.tasks else first.name
    if not is_of_classes(first):
        name = manifest.training.get("coarse") or range_task(store)
    if name not in store.tasks:
        return np.full(len(store), -1), ()
    return store.labels(name).astype(np.int64), store.tasks[name].classes


def _labels(store: Store, task: Task) -> NDArray[np.int64]:
    """The store's annotations (N, T) in the order of the model's terms; −1 where not annotated or unknown there."""
    stored, known = store.terms(task.name).astype(np.int64), store.term_tasks[task.name].classes
    labels = np.full((len(store), len(task.classes)), -1, np.int64)
    for place, term in enumerate(task.classes):
        if term in known:
            column = stored[:, known.index(term)]
            labels[:, place] = np.where(column == NOT_ANNOTATED, -1, column)
    return labels
