"""Labels that a person gave in a table go into the store; what they replace stays in a history."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.allowed import allowed_sets, told_classes
from lsl_shared.coarse import CoarseTask, contradictions
from lsl_shared.errors import LabelError, StoreError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.output_file import check_writable
from lsl_shared.files.store import Store
from lsl_shared.files.store_coarse import write_further, write_task
from lsl_shared.files.whole_numbers import whole_numbers
from lsl_shared.labels import LabelSpace
from lsl_shared.system_errors import as_os_error, unwritable
from lsl_shared.wording import first_few
from lsl_tools.labelling.new_coarse import NewCoarse
from lsl_tools.labelling.read import Change, LabelsRead, read_labels

__all__ = ["HISTORY", "apply_labels", "relabel"]

HISTORY = "history"
"""Group of the store: one group a change, numbered from 000001."""


def apply_labels(
    store: str | Path,
    labels: str | Path,
    *,
    who: str,
    tasks: Iterable[str] = (),
    allows: Iterable[str | Path] = (),
    contradict: bool = False,
    on_note: Callable[[str], None] | None = None,
) -> tuple[Change, ...]:
    """Writes the labels of a table into a store: all of them, or none.

    The table has a column `id` and a column for each task to label (`read_labels`). `tasks` "FINE:COARSE" are coarse
    tasks that the store is to get with it; what their classes allow, their names or the tables `allows` say. `on_note`
    is called with what a user should know of it. A copy of the store is changed and takes its place, so the disk must
    hold it twice for a while; images keep their bytes, and the store's fingerprint stays. Each task that changes gets a
    group in `history`: attributes task, who, when (UTC) and source, datasets row, old and new. Returns the changes.
    Raises DataFileError for a table that does not serve, ConfigError for tasks that cannot be new, LabelError for
    labels that contradict coarse ones unless `contradict`, and StoreError where the store cannot be read or written.
    """
    store = Path(os.path.realpath(store))  # a link stays a link
    with Store(store) as opened:
        check_writable(store, StoreError, "nothing was changed")
        read = read_labels(opened, labels, tasks, allows)
        changes = read.changes
        if on_note:
            for note in read.notes:
                on_note(note)
        if not contradict:
            _refuse_contradictions(opened, changes, read.new)
    if changes:
        try:
            with atomic_path(store) as temporary:
                shutil.copy2(store, temporary)
                _write(temporary, read, who, Path(labels).name)
        except (OSError, RuntimeError) as problem:
            raise StoreError(store, unwritable(as_os_error(problem), "nothing was changed")) from None
    return changes


def _refuse_contradictions(store: Store, changes: Sequence[Change], new: Sequence[NewCoarse]) -> None:
    """Raises LabelError where the coarse labels of a changed image do not allow its fine one, or nothing together."""
    labels = {name: store.labels(name) for name in store.tasks}
    labels |= {one.coarse.name: np.full(len(store), -1, np.int16) for one in new}
    changed = {change.task: change.rows for change in changes}
    for change in changes:
        labels[change.task][change.rows] = change.new
    for fine in store.tasks.values():
        above = (*store.coarse_tasks(fine.name), *(one.coarse for one in new if one.fine == fine))
        for coarse in above:
            rows = _rows(changed, fine.name, coarse.name)
            _refuse(store, fine, coarse, rows, labels[fine.name][rows], labels[coarse.name][rows])
        rows = _rows(changed, *(coarse.name for coarse in above))
        _refuse_apart(store, fine, [(coarse, labels[coarse.name][rows]) for coarse in above], rows)


def _rows(changed: Mapping[str, NDArray[np.int64]], *tasks: str) -> NDArray[np.int64]:
    """The images of which a label of one of the tasks is changed."""
    return np.unique(np.concatenate([np.empty(0, np.int64), *(changed[name] for name in tasks if name in changed)]))


def _refuse(
    store: Store,
    fine: LabelSpace,
    coarse: CoarseTask,
    rows: NDArray[np.int64],
    labels: NDArray[np.int16],
    known: NDArray[np.int16],
) -> None:
    wrong = contradictions(coarse, labels, known)
    if len(wrong):
        names = coarse.classes
        told = (f"{store.ids[rows[k]]}: {fine.classes[labels[k]]} is not in {names[known[k]]}" for k in wrong)
        raise LabelError(
            f"{len(wrong)} label(s) of {fine.name} contradict {coarse.name}: {first_few(told, separator='; ')}; "
            "correct both in one CSV, or add --contradict"
        )


def _refuse_apart(
    store: Store, fine: LabelSpace, known: Sequence[tuple[CoarseTask, NDArray[np.int16]]], rows: NDArray[np.int64]
) -> None:
    """Raises LabelError where coarse labels, one (n,) for each task, allow no fine class together."""
    wrong = np.flatnonzero(allowed_sets(known, len(fine), len(rows)).contradictory)
    if len(wrong):
        told = (f"{store.ids[rows[k]]}: {told_classes(known, int(k))}" for k in wrong)
        raise LabelError(
            f"{len(wrong)} image(s) would have coarse labels that allow no {fine.name} together: "
            f"{first_few(told, separator='; ')}; correct them in one CSV, or add --contradict"
        )


def _write(path: Path, read: LabelsRead, who: str, source: str) -> None:
    when = datetime.now(UTC).isoformat(timespec="seconds")
    with written_hdf5(path, "r+") as (file, _):
        history = file.require_group(HISTORY)
        for one in read.new:
            write_task(file, one.space, np.full(len(file["images"]), -1, np.int16))
            write_further(file, one.fine, [one.coarse])
        for change in read.changes:
            relabel(file, f"labels/{change.task}", change)
            group = history.create_group(f"{len(history) + 1:06d}")
            group.attrs.update({"task": change.task, "who": who, "when": when, "source": source})
            for name, values in (("row", change.rows), ("old", change.old), ("new", change.new)):
                group[name] = values


def relabel(file: h5py.File, key: str, change: Change) -> None:
    """Writes the new labels; those of another type, as R or MATLAB writes them, become int16 with the attributes."""
    stored = file[key]
    labels = whole_numbers(stored[...].reshape(-1)).astype(np.int16)
    labels[change.rows] = change.new
    if stored.dtype.kind == "i" and stored.ndim == 1:
        stored[...] = labels
        return
    attributes = dict(stored.attrs)
    del file[key]
    file[key] = labels
    file[key].attrs.update(attributes)
