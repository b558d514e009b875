"""Terms against the store's annotations: per bag, term by term and stage range by stage range."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from lsl_shared.manifest import Manifest, Task
from lsl_shared.store import NOT_ANNOTATED, Store
from lsl_shared.term_metrics import TermScores, bag_means, score_terms

__all__ = ["score_term_tasks"]


def score_term_tasks(
    store: Store,
    manifest: Manifest,
    rows: NDArray[np.int64],
    probabilities: Mapping[str, NDArray[np.floating]],
    notes: list[str],
) -> dict[str, TermScores]:
    """Scores of the model's tasks of kind terms that the store has annotated, over the images at `rows`.

    `probabilities` has (N, T) of each task, NaN where there is no answer. Terms are matched by name. A task that cannot
    be scored gets a note: no bag carries a term that another bag of the same range lacks.
    """
    ranges, names = _ranges(store, manifest.tasks[0])
    found = {}
    for task in manifest.tasks:
        if task.kind != "terms" or task.name not in store.term_tasks:
            continue
        truth, chance = _labels(store, task)[rows], probabilities[task.name][rows]
        known = (truth >= 0).any(1) & ~np.isnan(chance).any(1)
        bags = bag_means(truth[known], chance[known], store.groups()[rows][known], ranges[rows][known])
        scores = score_terms(bags, np.array(task.thresholds), task.classes, names)
        if scores is None:
            notes.append(f"{task.name}: no test bag carries a term that another of its range lacks, so none is scored")
        else:
            found[task.name] = scores
    return found


def _ranges(store: Store, first: Task) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """The stage range of each image (N,), −1 unknown, and the ranges' names: of the first task's parent, or its own."""
    name = first.parent if first.parent in store.tasks else first.name
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
