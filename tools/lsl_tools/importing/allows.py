"""The tables of --allows: which fine classes each class of a coarse task allows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from lsl_shared.errors import DataFileError
from lsl_tools.importing.number_ranges import ranges_of_numbers
from lsl_tools.importing.tasks import TaskSpec
from lsl_tools.tables.table import Table, read_table

__all__ = ["Allows", "named_classes", "read_allows"]

_SEPARATORS = "|;"

Allows = Mapping[tuple[str, str], Mapping[str, tuple[str, ...]]]
"""(fine task, coarse task) → coarse class → what the table says that it allows."""


def read_allows(paths: Iterable[str | Path], specs: Sequence[TaskSpec]) -> Allows:
    """The tables of --allows: a column called as a coarse task, with its classes, and one called as the fine task.

    What a class allows stands in one cell, joined by |, or in several rows; an empty cell allows none. Raises
    DataFileError for a table that does not serve, or whose tasks --task does not name.
    """
    pairs = [(spec.name, coarse) for spec in specs for coarse in spec.coarse]
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for path in paths:
        pair, table = _table(Path(path), pairs)
        sets = found.setdefault(pair, {})
        for name, cell, line in zip(table.column(pair[1]), table.column(pair[0]), table.lines, strict=True):
            if not name.strip():
                raise table.problem(f"names no class of {pair[1]}", line)
            sets[name.strip()] = (*sets.get(name.strip(), ()), *_parts(cell))
    return found


def named_classes(told: Sequence[str], fine: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fine classes that a table means, and what it names that is none; 5-8 are 5, 6, 7, 8 where there are such."""
    meant, unknown = [], []
    for text in told:
        in_range = (ranges_of_numbers([text], fine) or {}).get(text, ())
        if text in fine:
            meant.append(text)
        elif in_range:
            meant += in_range
        else:
            unknown.append(text)
    return tuple(meant), tuple(unknown)


def _table(path: Path, pairs: Sequence[tuple[str, str]]) -> tuple[tuple[str, str], Table]:
    """The tasks that a table is about, and the table. It is read for each fine task until one fits."""
    problem = DataFileError(path, "--allows: no task has a coarse one; name both, as in --task stage:hours")
    for fine in dict.fromkeys(fine for fine, _ in pairs):
        try:
            table = read_table(path, fine)
        except DataFileError as found:
            problem = found
            continue
        for pair in pairs:
            if pair[0] == fine and pair[1] in table.columns:
                return pair, table
        others = [name for name in table.columns if name not in ("", fine)]
        named = f"--task {fine}:{others[0]}" if others else f"a second column, and --task {fine}:COLUMN"
        problem = table.problem(f"no column is a coarse task of {fine}: add {named}")
    raise problem


def _parts(cell: str) -> tuple[str, ...]:
    for separator in _SEPARATORS:
        cell = cell.replace(separator, "\n")
    return tuple(part.strip() for part in cell.split("\n") if part.strip())
