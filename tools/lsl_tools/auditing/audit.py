"""The audit of a store: which labels are wrong, as the out-of-fold answers of a run say, and how many in all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.files.out_of_fold import read_out_of_fold
from lsl_shared.files.store import Store
from lsl_tools.auditing.doubts import Doubt, doubts_of, duplicate_doubts
from lsl_tools.auditing.duplicates import differing, equal_images
from lsl_tools.auditing.estimate import Estimate, estimated
from lsl_tools.auditing.evidence import Evidence, evidence_of
from lsl_tools.auditing.expected import Expected, expected_errors
from lsl_tools.auditing.run_answers import find_answers

__all__ = ["Audit", "TaskErrors", "audit_store"]

_LEAST = 0.1
"""Less doubtful images are not listed."""


@dataclass(frozen=True)
class TaskErrors:
    """How many labels of a task are wrong."""

    task: str
    labels: int
    """How many were judged."""
    expected: Expected


@dataclass(frozen=True)
class Audit:
    """What an audit found."""

    store: Path
    answers: Path
    """The file of the out-of-fold answers."""
    tasks: tuple[TaskErrors, ...]
    """Of each task that was judged."""
    images: int
    """How many images were judged."""
    total: Expected
    """How many labels are wrong in all."""
    doubts: tuple[Doubt, ...]
    """Equal pictures with different labels first, then the most doubtful images first."""


def audit_store(
    store: str | Path, run: str | Path | None = None, *, on_progress: Callable[[int], None] | None = None
) -> Audit:
    """Holds the labels of a store against what models said of genes that they had not seen.

    Args:
        store: The store.
        run: The folder of a training; without it the newest one of this store, in `runs` here or beside the store.
        on_progress: Called with the number of images just read, which are compared with one another.

    Returns:
        The doubtful images, and how many labels are wrong.

    Raises:
        StoreError: The store cannot be read.
        DataFileError: The run's file of answers cannot be used.
        ConfigError: There is no such file, or it is of another store.

    Example:
        >>> from lsl_tools import audit_store
        >>> found = audit_store("store.h5", "runs/demo")
        >>> [task.task for task in found.tasks]
        ['stage', 'stage_range']
        >>> found.total.low <= found.total.number <= found.total.high
        True
    """
    with Store(store) as opened:
        path = find_answers(opened, run)
        evidence = evidence_of(opened, read_out_of_fold(path))
        if not any(len(one.rows) for one in evidence):
            raise ConfigError(f"{path} has no answers for usable images of {store}: train again")
        found = [estimated(one) for one in evidence]
        told = [_told(one) for one in found]
        labels = {name: opened.labels(name).astype(np.int64) for name in _names(evidence)}
        twice = _duplicates(opened, labels, on_progress or (lambda count: None))
        doubts = _ranked(twice, [one for each in found for one in doubts_of(opened, each, _LEAST)])
    return Audit(
        store=Path(store),
        answers=path,
        tasks=tuple(task for tasks, _ in told for task in tasks),
        images=sum(len(one.rows) for one in evidence),
        total=_together([total for _, total in told]),
        doubts=tuple(doubts),
    )


def _names(evidence: tuple[Evidence, ...]) -> list[str]:
    return list(dict.fromkeys(task.name for one in evidence for task in one.tasks))


def _duplicates(store: Store, labels: dict[str, NDArray[np.int64]], on_progress: Callable[[int], None]) -> list[Doubt]:
    """The doubts of equal pictures with different labels, among the labelled images that may be used."""
    labelled = (np.stack(list(labels.values())) >= 0).any(0)
    rows = np.flatnonzero(labelled & np.array([reason == "" for reason in store.unusable()], dtype=np.bool_))
    return duplicate_doubts(store, differing(equal_images(store, rows, on_progress), labels), labels)


def _told(found: Estimate) -> tuple[list[TaskErrors], Expected]:
    *each, total = expected_errors(found, np.random.default_rng(0))
    tasks = found.whole.tasks
    told = [TaskErrors(task.name, int(task.known.sum()), one) for task, one in zip(tasks, each, strict=True)]
    return told, total


def _together(totals: list[Expected]) -> Expected:
    """The sum; the tasks are different ones, so distances from the number add as deviations do."""
    number = sum(one.number for one in totals)
    down, up = (np.sqrt(sum(d * d for d in ends)) for ends in (
        [one.number - one.low for one in totals], [one.high - one.number for one in totals],
    ))  # fmt: skip
    return Expected(number, float(number - down), float(number + up))


def _ranked(twice: list[Doubt], doubts: list[Doubt]) -> list[Doubt]:
    """Each image once, by the first of its doubts: that of an equal picture, else the greatest."""
    first: dict[int, Doubt] = {}
    for one in (*twice, *sorted(doubts, key=lambda one: -one.wrong)):
        first.setdefault(one.row, one)
    return list(first.values())
