"""Doubtful images: which of their labels is likelier wrong, and what it may be instead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import Store
from lsl_tools.auditing.estimate import Estimate

__all__ = ["Doubt", "doubts_of", "duplicate_doubts"]


@dataclass(frozen=True)
class Doubt:
    """An image of which a label is in doubt."""

    row: int
    """Its place in the store."""
    id: str
    gene: str
    task: str
    """The task whose label is likeliest wrong."""
    wrong: float
    """How likely at least one of its labels is wrong, 0..1."""
    now: Mapping[str, str]
    """Task → its class; tasks without a label are left out."""
    maybe: Mapping[str, str]
    """Task → the class that it may be instead; '' stands for none of the classes."""
    same_as: tuple[str, ...] = ()
    """Images with the same pixels and another label."""


def doubts_of(store: Store, found: Estimate, least: float) -> list[Doubt]:
    """The images of which a label is wrong with at least the probability `least`, the most doubtful first."""
    any_wrong = found.any_wrong
    order = np.argsort(-any_wrong, kind="stable")
    wrong = np.nan_to_num(np.stack(found.wrong, axis=1), nan=-1)  # (N, tasks)
    return [
        _doubt(store, found, int(k), int(wrong[k].argmax()), float(any_wrong[k]))
        for k in order
        if any_wrong[k] >= least
    ]


def duplicate_doubts(
    store: Store, differing: Mapping[str, Mapping[int, tuple[int, ...]]], labels: Mapping[str, NDArray[np.int64]]
) -> list[Doubt]:
    """The images with the pixels of another one that is labelled otherwise, side by side."""
    return [
        Doubt(
            row=row,
            id=store.ids[row],
            gene=store.genes[row],
            task=task,
            wrong=1.0,
            now=_now(store, labels, row),
            maybe={task: store.tasks[task].classes[labels[task][others[0]]]},
            same_as=tuple(store.ids[list(others)]),
        )
        for task, of_rows in differing.items()
        for row, others in sorted(of_rows.items(), key=lambda item: min(item[0], *item[1]))
    ]


def _doubt(store: Store, found: Estimate, k: int, place: int, wrong: float) -> Doubt:
    evidence = found.whole
    row, doubted = int(evidence.rows[k]), evidence.tasks[place]
    likely = np.where(doubted.allows[doubted.labels[k]], -1.0, found.likely[k])
    state = int(likely.argmax())
    return Doubt(
        row=row,
        id=store.ids[row],
        gene=store.genes[row],
        task=doubted.name,
        wrong=wrong,
        now={task.name: task.classes[task.labels[k]] for task in evidence.tasks if task.labels[k] >= 0},
        maybe={
            task.name: _class_of(task.classes, task.allows[:, state])
            for task in evidence.tasks
            if task.labels[k] >= 0 and not task.allows[task.labels[k], state]
        },
    )


def _class_of(classes: tuple[str, ...], allowing: NDArray[np.bool_]) -> str:
    """The first class that allows something; '' where none does."""
    return classes[int(allowing.argmax())] if allowing.any() else ""


def _now(store: Store, labels: Mapping[str, NDArray[np.int64]], row: int) -> dict[str, str]:
    return {task: store.tasks[task].classes[column[row]] for task, column in labels.items() if column[row] >= 0}
