"""Coarse tasks that a table of labels brings into a store: their classes, and what each of them allows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_shared.tables.damage import damage_of
from lsl_shared.tables.missing import is_missing
from lsl_shared.wording import first_few
from lsl_tools.importing.allows import Allows, named_classes, read_allows
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.importing.number_ranges import ranges_of_numbers
from lsl_tools.importing.tasks import parse_tasks
from lsl_tools.tables.label_columns import CURE
from lsl_tools.tables.table import Table

__all__ = ["NewCoarse", "new_coarse"]


@dataclass(frozen=True)
class NewCoarse:
    """A coarse task that the store is to get."""

    fine: LabelSpace
    coarse: CoarseTask

    @property
    def space(self) -> LabelSpace:
        """Its classes, as a task of the store."""
        return LabelSpace(self.coarse.name, self.coarse.classes)


def new_coarse(
    store: Store, table: Table, tasks: Iterable[str], allows: Iterable[str | Path] = ()
) -> tuple[NewCoarse, ...]:
    """The tasks "FINE:COARSE" that the store lacks, from the columns of a table and the tables of --allows.

    Raises ConfigError where FINE is no task of the store or COARSE no column, DataFileError where neither names nor a
    table say what a class allows.
    """
    given = list(tasks)
    if alone := [text for text in given if ":" not in text]:
        raise ConfigError(f"--task {alone[0]}: name both, as in --task stage:expert; tasks of the store need no --task")
    specs = parse_tasks(given)
    sets, found = read_allows(allows, specs), list[NewCoarse]()
    for spec in specs:
        for name in spec.coarse:
            if spec.name not in store.tasks:
                listed = ", ".join(store.tasks) or "none"
                raise ConfigError(f"--task {spec.name}:{name}: {store.path} has no task {spec.name!r}, but: {listed}")
            if name in store.tasks:
                _refuse_other(store, spec.name, name)
            elif name not in table.columns:
                raise ConfigError(f"--task {spec.name}:{name}: {table.path} has no column {name!r}")
            else:
                found.append(NewCoarse(store.tasks[spec.name], _coarse(store.tasks[spec.name], name, table, sets)))
    return tuple(found)


def _refuse_other(store: Store, fine: str, name: str) -> None:
    if name not in {one.name for one in store.coarse_tasks(fine)}:
        raise ConfigError(f"--task {fine}:{name}: {store.path} has a task {name!r} already, which is not above {fine}")


def _coarse(fine: LabelSpace, name: str, table: Table, sets: Allows) -> CoarseTask:
    told = sets.get((fine.name, name))
    if told is None:
        return _by_names(fine, name, table)
    meant = {one: named_classes(told[one], fine.classes) for one in sorted(told, key=natural_key)}
    if unknown := [text for _, texts in meant.values() for text in texts]:
        raise ConfigError(f"--allows names what is no class of {fine.name}: {first_few(dict.fromkeys(unknown))}")
    return CoarseTask.of_names(name, {one: classes for one, (classes, _) in meant.items()}, fine)


def _by_names(fine: LabelSpace, name: str, table: Table) -> CoarseTask:
    """A task whose classes are ranges of the fine ones by their names."""
    cells = table.column(name)
    for line, cell in zip(table.lines, cells, strict=True):
        if damage := damage_of(cell):
            raise table.problem(
                f"{cell!r} in {name} is {damage.kind}, made by a spreadsheet: {CURE}, or add --allows", line
            )
    classes = sorted({cell for cell in cells if not is_missing(cell)}, key=natural_key)
    if not classes:
        raise table.problem(f"the column {name!r} is empty")
    found = ranges_of_numbers(classes, fine.classes)
    if found is None:
        raise DataFileError(
            table.path,
            f"what do {first_few(classes)} allow of {fine.name}? Name ranges as 4-6 and 8-, or add --allows TABLE with "
            f"the columns {name} and {fine.name}",
        )
    return CoarseTask.of_names(name, found, fine)
