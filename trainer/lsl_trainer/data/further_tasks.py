"""Further tasks of a store: classes or terms, with labels on as many images as somebody has labelled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from lsl_shared.files.store import NOT_ANNOTATED, Store
from lsl_trainer.tasks.classes import ClassTask
from lsl_trainer.tasks.learnt_task import LearntTask
from lsl_trainer.tasks.terms import TermTask

__all__ = ["further_tasks"]


def further_tasks(store: Store, names: Sequence[str]) -> tuple[LearntTask, ...]:
    """The tasks of these names, each of its kind, with all labels."""
    return tuple(_task(store, name) for name in names)


def _task(store: Store, name: str) -> LearntTask:
    if name in store.tasks:
        return ClassTask(store.tasks[name], store.labels(name).astype(np.int64))
    carried = store.terms(name).astype(np.int64)
    return TermTask(store.term_tasks[name], np.where(carried == NOT_ANNOTATED, -1, carried))
