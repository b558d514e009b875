"""Answers go from the journal into the store: a copy is changed and takes its place, as `lsl-store label` does it.

The store keeps every answer in `review/answers`, and so knows which it has: what is written twice is written once.
"""

from __future__ import annotations

import shutil
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import h5py
import numpy as np

from lsl_shared.errors import StoreError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.samples_table import UNUSABLE
from lsl_shared.files.store import Store
from lsl_shared.files.texts import write_texts
from lsl_shared.labels import LabelSpace
from lsl_shared.system_errors import as_os_error, unwritable
from lsl_tools.labelling.apply import HISTORY, relabel
from lsl_tools.labelling.read import Change
from lsl_tools.review.answer import LABEL, REJECT, TURN, VIEW, Answer, Slot
from lsl_tools.review.answer import UNUSABLE as UNUSABLE_KIND
from lsl_tools.review.journal import Journal
from lsl_tools.review.ledger import Ledger
from lsl_tools.review.taking import write_decisions, write_taken
from lsl_tools.review.turns import write_turns

__all__ = ["ANSWERS", "Saved", "clear_room", "kept_answers", "save"]

ANSWERS = "review/answers"
"""All answers that the store has, str (M,), lines as in the journal; the attribute `name` is the journal's."""
_ROOM: Final = ".review.saving"
_TRIES = 3


@dataclass
class Saved:
    """What a save wrote."""

    answers: int = 0
    """How many answers were new to the store."""
    labels: int = 0
    turned: int = 0
    """Images that were mirrored."""
    taken: int = 0
    """Photographs that became images."""
    conflicts: list[str] = field(default_factory=list)
    """Ids of images that got another label in the store since they were answered; the answer holds."""


def kept_answers(path: Path) -> tuple[list[str], str]:
    """The answers that a store has, and the name of their journal."""
    with h5py.File(path, "r", locking="best-effort") as file:
        stored = file.get(ANSWERS)
        if not isinstance(stored, h5py.Dataset):
            return [], ""
        return [str(line) for line in stored.asstr()[...]], str(stored.attrs.get("name", ""))


def save(path: Path, journal: Journal, rejects: Path | None = None) -> Saved:
    """Writes into the store what the journal has and the store has not, all or nothing.

    `rejects` is the folder that the store's photographs lie in, for those that a person takes after all. A store that
    changes while it is copied is copied again. Raises StoreError where it cannot be written or is of other images.
    """
    answers = list(journal.answers)
    for _ in range(_TRIES):
        stamp = _stamp(path)
        with Store(path) as store:
            before = _known(path, journal)
            if before >= len(answers):
                return Saved()
            _check_images(store, answers)
            work = _Work(store, Ledger(answers, before), rejects)
        try:
            with _room(path) as room, atomic_path(path, within=room) as temporary:
                shutil.copy2(path, temporary)
                with written_hdf5(temporary, "r+") as (file, _):
                    saved = work.write(file)
                    _keep(file, journal, journal.lines(before)[: len(answers) - before], before)
                if _stamp(path) != stamp:
                    raise _ChangedError
                saved.answers = len(answers) - before
                return saved
        except _ChangedError:
            continue
        except (OSError, RuntimeError) as problem:
            told = "the answers are safe in the journal"
            raise StoreError(path, unwritable(as_os_error(problem), told)) from None
    raise StoreError(path, "changes again and again; the answers are safe in the journal, save them later")


def clear_room(path: Path) -> None:
    """Removes what a process that was killed while it saved has left behind."""
    shutil.rmtree(path.with_suffix(_ROOM), ignore_errors=True)


@contextmanager
def _room(path: Path) -> Iterator[Path]:
    """A folder beside the store for the copy that is being written."""
    room = path.with_suffix(_ROOM)
    room.mkdir(exist_ok=True)
    try:
        yield room
    finally:
        clear_room(path)


class _ChangedError(Exception):
    """Another program wrote the store meanwhile."""


class _Work:
    """What is to be written: the values of slots that the store does not know yet."""

    def __init__(self, store: Store, ledger: Ledger, rejects: Path | None) -> None:
        self._path, self._ledger, self._rejects = store.path, ledger, rejects
        self._ids, self._views = list(store.ids), list(store.views)
        self._unusable = list(store.unusable())
        self._tasks = dict(store.tasks)
        self._labels = {name: store.labels(name) for name in store.tasks}
        self._by_kind: dict[str, list[tuple[Slot, str]]] = defaultdict(list)
        for slot, value in ledger.waiting():
            self._by_kind[slot[0]].append((slot, value))
        self.saved = Saved()

    def write(self, file: h5py.File) -> Saved:
        """Writes all kinds of answers into the open file of the store."""
        self.saved = Saved()
        self._write_labels(file)
        self._write_texts(file, "view", VIEW, self._views)
        self._write_texts(file, UNUSABLE, UNUSABLE_KIND, self._unusable)
        turns = {slot[2]: (value, self._ledger.who(slot)) for slot, value in self._by_kind[TURN]}
        self.saved.turned = write_turns(file, turns)
        decided = {slot[1]: (value, self._ledger.who(slot)) for slot, value in self._by_kind[REJECT]}
        if decided:
            self.saved.taken = write_taken(file, self._path, self._rejects, decided)
            write_decisions(file, decided)
        return self.saved

    def _write_labels(self, file: h5py.File) -> None:
        when = datetime.now(UTC).isoformat(timespec="seconds")
        groups: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for slot, value in self._by_kind[LABEL]:
            _, task, row = slot
            index = _index(self._tasks[task], value)
            stored = int(self._labels[task][row])
            if stored != index:
                groups[task, self._ledger.who(slot)].append((row, index))
                self._note_conflict(slot, task, stored)
        history = file.require_group(HISTORY) if groups else None
        for (task, who), pairs in groups.items():
            rows, new = np.array([row for row, _ in pairs]), np.array([index for _, index in pairs], np.int16)
            change = Change(task, rows, self._labels[task][rows], new)
            relabel(file, f"labels/{task}", change)
            assert history is not None
            group = history.create_group(f"{len(history) + 1:06d}")
            group.attrs.update({"task": task, "who": who, "when": when, "source": "lsl-review"})
            for name, values in (("row", change.rows), ("old", change.old), ("new", change.new)):
                group[name] = values
            self.saved.labels += len(rows)

    def _note_conflict(self, slot: Slot, task: str, stored: int) -> None:
        """Tells of a label that was written by another way since the person answered."""
        space, seen = self._tasks[task], self._ledger.seen(slot)
        if seen is not None and _index(space, seen) != stored:
            self.saved.conflicts.append(self._ids[slot[2]])

    def _write_texts(self, file: h5py.File, column: str, kind: str, values: list[str]) -> None:
        if not self._by_kind[kind]:
            return
        for (_, _, row), value in self._by_kind[kind]:
            values[row] = value
        write_column(file, f"samples/{column}", values)


def write_column(file: h5py.File, key: str, values: Sequence[Any]) -> None:
    """Writes a column of texts in place of an earlier one."""
    if key in file:
        del file[key]
    write_texts(file, key, map(str, values))


def _keep(file: h5py.File, journal: Journal, lines: list[str], before: int) -> None:
    if ANSWERS not in file:
        file.create_dataset(ANSWERS, (0,), h5py.string_dtype(), maxshape=(None,), chunks=(1024,))
    stored = file[ANSWERS]
    stored.attrs["name"] = journal.name
    stored.resize(before + len(lines), axis=0)
    stored[before:] = lines


def _known(path: Path, journal: Journal) -> int:
    """How many answers of the journal the store has."""
    lines, name = kept_answers(path)
    if name not in ("", journal.name):
        raise StoreError(path, f"has answers of another journal than {journal.path.name}; move that file away")
    return len(lines)


def _check_images(store: Store, answers: Sequence[Answer]) -> None:
    """Raises StoreError where an answer is to another image than the store has in its place."""
    ids = store.ids
    for answer in answers:
        if answer.kind in (LABEL, VIEW, UNUSABLE_KIND, TURN) and not (
            answer.row < len(ids) and ids[answer.row] == answer.id
        ):
            raise StoreError(store.path, f"has other images than the journal: {answer.id!r} is not where it was")


def _index(space: LabelSpace, name: str) -> int:
    return space.index(name) if name else -1


def _stamp(path: Path) -> tuple[int, int, int]:
    found = path.stat()
    return found.st_ino, found.st_size, found.st_mtime_ns
