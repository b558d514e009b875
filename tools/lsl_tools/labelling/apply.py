"""Labels that a person gave in a table go into the store; what they replace stays in a history."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import LabelError, StoreError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.output_file import check_writable
from lsl_shared.files.store import Store
from lsl_shared.files.whole_numbers import whole_numbers
from lsl_shared.labels import LabelSpace
from lsl_shared.measures.implied_labels import contradictions
from lsl_shared.system_errors import as_os_error, unwritable
from lsl_shared.wording import first_few
from lsl_tools.labelling.read import Change, read_labels

__all__ = ["HISTORY", "apply_labels", "relabel"]

HISTORY = "history"
"""Group of the store: one group a change, numbered from 000001."""


def apply_labels(
    store: str | Path,
    labels: str | Path,
    *,
    who: str,
    contradict: bool = False,
    on_note: Callable[[str], None] | None = None,
) -> tuple[Change, ...]:
    """Writes the labels of a table into a store: all of them, or none.

    The table has a column `id` and a column for each task to label (`read_labels`). `on_note` is called with what a
    user should know of it. A copy of the store is changed and takes its place, so the disk must hold it twice for a
    while; images keep their bytes, and the store's fingerprint stays. Each task that changes gets a group in `history`:
    attributes task, who, when (UTC) and source, datasets row, old and new. Returns the changes. Raises DataFileError
    for a table that does not serve, LabelError for labels that contradict the coarse one unless `contradict`, and
    StoreError where the store cannot be read or written.
    """
    store = Path(os.path.realpath(store))  # a link stays a link
    with Store(store) as opened:
        check_writable(store, StoreError, "nothing was changed")
        read = read_labels(opened, labels)
        changes = read.changes
        if on_note:
            for note in read.notes:
                on_note(note)
        if not contradict:
            _refuse_contradictions(opened, changes)
    if changes:
        try:
            with atomic_path(store) as temporary:
                shutil.copy2(store, temporary)
                _write(temporary, changes, who, Path(labels).name)
        except (OSError, RuntimeError) as problem:
            raise StoreError(store, unwritable(as_os_error(problem), "nothing was changed")) from None
    return changes


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
    with written_hdf5(path, "r+") as (file, _):
        history = file.require_group(HISTORY)
        for change in changes:
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
