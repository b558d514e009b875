"""Labels that a person gave in a CSV go into the store; what they replace stays in a history."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError, LabelError, StoreError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.hdf5 import as_os_error
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_shared.measures.implied_labels import contradictions
from lsl_shared.system_errors import unwritable
from lsl_shared.wording import first_few
from lsl_tools.importing.table import Table, read_table

__all__ = ["HISTORY", "Change", "apply_labels", "read_labels"]

HISTORY = "history"
"""Group of the store: one group a change, numbered from 000001."""


@dataclass(frozen=True)
class Change:
    """New labels of one task."""

    task: str
    rows: NDArray[np.int64]
    """(n,): images of the store whose label changes."""
    old: NDArray[np.int16]
    """(n,): what they were, −1 where unlabelled."""
    new: NDArray[np.int16]
    """(n,): what they become."""


def apply_labels(store: str | Path, labels: str | Path, *, who: str, contradict: bool = False) -> tuple[Change, ...]:
    """Writes the labels of a CSV into a store: all of them, or none.

    The CSV has a column `id` and a column for each task to label (`read_labels`). A copy of the store is changed and
    takes its place, so the disk must hold it twice for a while; images keep their bytes, and the store's fingerprint
    stays. Each task that changes gets a group in `history`: attributes task, who, when (UTC) and source, datasets row,
    old and new. Returns the changes. Raises DataFileError for a table that does not serve, LabelError for labels that
    contradict the coarse one unless `contradict`, StoreError where the store cannot be read or written.
    """
    store = Path(store).resolve()  # a link stays a link
    with Store(store) as opened:
        changes = read_labels(opened, labels)
        if not contradict:
            _refuse_contradictions(opened, changes)
    if changes:
        try:
            with atomic_path(store) as temporary:
                shutil.copy2(store, temporary)
                _write(temporary, changes, who, Path(labels).name)
        except (OSError, RuntimeError) as problem:
            known = problem if isinstance(problem, OSError) else as_os_error(problem)
            raise StoreError(store, unwritable(known, "nothing was changed")) from None
    return changes


def read_labels(store: Store, labels: str | Path) -> tuple[Change, ...]:
    """The labels of a CSV that differ from the store's, by task in the store's order; empty cells say nothing.

    Raises DataFileError that names the line for an unknown id or class, or an image with two labels.
    """
    table = read_table(labels, "id")
    tasks = [name for name in store.tasks if name in table.columns]
    if not tasks:
        listed = ", ".join(store.tasks) or "none"
        raise table.problem(f"has no column that is a task of {store.path}, which has: {listed}")
    found = [_change(store, table, store.tasks[name]) for name in tasks]
    return tuple(change for change in found if len(change.rows))


def _change(store: Store, table: Table, space: LabelSpace) -> Change:
    places = {name: row for row, name in enumerate(store.ids)}
    given: dict[int, int] = {}
    for line, cells in table.rows:
        if not cells[space.name]:
            continue
        row = places.get(cells["id"])
        if row is None:
            raise table.problem(f"{store.path} has no image {cells['id']!r}", line)
        label = _class_of(space, cells[space.name], table, line)
        if given.setdefault(row, label) != label:
            two = f"{space.classes[given[row]]!r} and {space.classes[label]!r}"
            raise table.problem(f"gives image {cells['id']!r} two labels, {two}", line)
    rows, new = np.array(list(given), np.int64), np.array(list(given.values()), np.int16)
    old = store.labels(space.name)[rows] if len(rows) else new
    differs = old != new
    return Change(space.name, rows[differs], old[differs], new[differs])


def _class_of(space: LabelSpace, name: str, table: Table, line: int) -> int:
    try:
        return space.index(name)
    except LabelError as problem:
        raise DataFileError(table.path, str(problem), f"line {line}") from None


def _refuse_contradictions(store: Store, changes: Sequence[Change]) -> None:
    """Raises LabelError where the fine label of a changed image would not be a child of its coarse label."""
    labels = {name: store.labels(name) for name in store.tasks}
    changed = {change.task: change.rows for change in changes}
    for change in changes:
        labels[change.task][change.rows] = change.new
    for fine in store.tasks.values():
        rows = np.unique(
            np.concatenate([changed.get(name, np.empty(0, np.int64)) for name in (fine.name, fine.parent)])
        )
        if fine.parent and len(rows):
            _refuse(store, fine, rows, labels[fine.name][rows], labels[fine.parent][rows])


def _refuse(
    store: Store, fine: LabelSpace, rows: NDArray[np.int64], labels: NDArray[np.int16], coarse: NDArray[np.int16]
) -> None:
    wrong = contradictions(fine, labels, coarse)
    if len(wrong):
        names = store.tasks[fine.parent].classes
        told = (f"{store.ids[rows[k]]}: {fine.classes[labels[k]]} is not in {names[coarse[k]]}" for k in wrong)
        raise LabelError(
            f"{len(wrong)} label(s) of {fine.name} contradict {fine.parent}: {first_few(told, separator='; ')}; "
            "correct both in one CSV, or add --contradict"
        )


def _write(path: Path, changes: Sequence[Change], who: str, source: str) -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    with h5py.File(path, "r+") as file:
        history = file.require_group(HISTORY)
        for change in changes:
            labels = file[f"labels/{change.task}"][...]
            labels[change.rows] = change.new
            file[f"labels/{change.task}"][...] = labels
            group = history.create_group(f"{len(history) + 1:06d}")
            group.attrs.update({"task": change.task, "who": who, "when": when, "source": source})
            for name, values in (("row", change.rows), ("old", change.old), ("new", change.new)):
                group[name] = values
