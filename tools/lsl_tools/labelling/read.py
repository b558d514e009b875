"""The labels that a person gave in a table, as changes to a store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import LabelError
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_shared.tables.damage import damage_of, whole_number
from lsl_shared.tables.lines import told_lines
from lsl_tools.labelling.given_class import GivenClass, given_class
from lsl_tools.labelling.image_ids import ImageIds
from lsl_tools.labelling.new_coarse import NewCoarse, new_coarse
from lsl_tools.tables.faults import Fault
from lsl_tools.tables.table import Table, read_table

__all__ = ["Change", "LabelsRead", "read_labels"]


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


@dataclass(frozen=True)
class LabelsRead:
    """The labels that differ from the store's, by task in the store's order, and what to tell of the table."""

    changes: tuple[Change, ...]
    notes: tuple[str, ...] = ()
    new: tuple[NewCoarse, ...] = ()
    """The tasks that the store has not got yet."""


def read_labels(
    store: Store, labels: str | Path, tasks: Iterable[str] = (), allows: Iterable[str | Path] = ()
) -> LabelsRead:
    """The labels of a table; cells that are empty, or NA and the like, say nothing.

    `tasks` "FINE:COARSE" and the tables `allows` bring new coarse tasks (`new_coarse`). Raises DataFileError that tells
    all that is wrong, by line: unknown ids and classes, images with two labels.
    """
    table = read_table(labels, "id")
    new = new_coarse(store, table, tasks, allows)
    spaces = {**store.tasks, **{one.space.name: one.space for one in new}}
    known = [name for name in spaces if name in table.columns]
    if not known:
        listed = ", ".join(store.tasks) or "none"
        hint = "a column of a further task comes in with --task FINE:COLUMN"
        raise table.problem(f"has no column that is a task of {store.path}, which has: {listed}; {hint}")
    reading = _Reading(store, table, known)
    for name in known:
        reading.read(spaces[name])
    reading.imply()
    table.refuse(reading.faults)
    changes = (_change(store, name, given) for name, given in reading.given.items())
    return LabelsRead(tuple(change for change in changes if len(change.rows)), (*table.notes, *reading.notes()), new)


class _Reading:
    """What a table says of each image, task by task, and all that is wrong with it."""

    def __init__(self, store: Store, table: Table, tasks: Iterable[str]) -> None:
        self._store, self._table = store, table
        self._ids = ImageIds(list(store.ids), table.column("id"))
        self._otherwise: dict[int, tuple[str, str]] = {}  # line → id as written, as it is
        self.given: dict[str, dict[int, int]] = {
            name: {} for name in (*store.tasks, *tasks)
        }  # task → row of the store → class
        self._implied: list[tuple[str, int, str, int]] = []
        self._turned: dict[str, dict[int, tuple[str, str]]] = {}  # task → line → the cell, the class that it means
        self.faults: list[Fault] = []

    def read(self, space: LabelSpace) -> None:
        """Reads the column of a task."""
        cells = self._table.column(space.name)
        meanings = {cell: _meaning(space, cell) for cell in set(cells)}
        for line, name, cell in zip(self._table.lines, self._table.column("id"), cells, strict=True):
            meant = meanings[cell]
            try:
                row = None if meant is None else self._row(name, line)
            except LabelError as problem:
                self.faults.append(Fault(line, str(problem)))
                continue
            if isinstance(meant, LabelError):
                self.faults.append(Fault(line, str(meant)))
            elif meant is not None and row is not None:
                self._give(space, row, meant, line)
                self._note_turned(space, cell, meant, line)

    def _note_turned(self, space: LabelSpace, cell: str, meant: GivenClass, line: int) -> None:
        if damage_of(cell) or whole_number(cell):
            name = space.classes[meant.index] if meant.index >= 0 else meant.parent
            self._turned.setdefault(space.name, {})[line] = cell, name

    def imply(self) -> None:
        """Gives images the coarse class that follows from what was read; another one, given or stored, is a fault."""
        stored = {task: self._store.labels(task) for task, *_ in self._implied}
        for task, row, name, line in self._implied:
            space = self._store.tasks[task]
            index = space.index(name)
            known = self.given[task].get(row, int(stored[task][row]))
            if known in (-1, index):
                self.given[task][row] = index
            else:
                told = f"the stage lies in {name}, but the {task} of {self._store.ids[row]!r} is {space.classes[known]}"
                self.faults.append(Fault(line, f"{told}: correct both in one table"))

    def notes(self) -> tuple[str, ...]:
        """What to tell of ids and classes that were written otherwise."""
        turned = [
            _note(f"{task}: cells that a program had turned were brought back", found)
            for task, found in self._turned.items()
        ]
        return (*turned, *([_note("ids that the store writes otherwise", self._otherwise)] if self._otherwise else []))

    def _row(self, text: str, line: int) -> int:
        try:
            name = self._ids.find(text)
        except LabelError as problem:
            raise LabelError(f"{self._store.path} has {problem}") from None
        if name != text:
            self._otherwise[line] = text, name
        return self._ids.row(name)

    def _give(self, space: LabelSpace, row: int, meant: GivenClass, line: int) -> None:
        known = self.given[space.name].setdefault(row, meant.index)
        if known != meant.index:
            two = " and ".join(repr(space.classes[index]) if index >= 0 else "none" for index in (known, meant.index))
            self.faults.append(Fault(line, f"gives image {self._store.ids[row]!r} two labels, {two}"))
        if meant.parent:
            self._implied.append((space.parent, row, meant.parent, line))


def _meaning(space: LabelSpace, cell: str) -> GivenClass | LabelError | None:
    try:
        return given_class(space, cell)
    except LabelError as problem:
        return problem


def _note(text: str, found: Mapping[int, tuple[str, str]]) -> str:
    """How many cells, with an example and the lines; `found` is line → the cell, what it is read as."""
    cell, read = next(iter(found.values()))
    return f"{text}: {len(found):,}, such as {cell!r} for {read!r} ({told_lines(list(found))})"


def _change(store: Store, task: str, given: Mapping[int, int]) -> Change:
    """The labels of a task that are not the store's already."""
    rows, new = np.array(list(given), np.int64), np.array(list(given.values()), np.int16)
    old = store.labels(task)[rows] if task in store.tasks else np.full(len(rows), -1, np.int16)
    differs = old != new
    return Change(task, rows[differs], old[differs], new[differs])
