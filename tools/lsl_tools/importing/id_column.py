"""The column `id` of a table to import."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from lsl_shared.tables.damage import damage_of, whole_number
from lsl_shared.tables.lines import told_lines
from lsl_shared.tables.missing import is_missing
from lsl_shared.wording import first_few
from lsl_tools.tables.faults import Fault
from lsl_tools.tables.label_columns import CURE

__all__ = ["IdColumn", "read_ids"]


@dataclass(frozen=True)
class IdColumn:
    """The ids in the order of their cells, '' where none is given."""

    ids: tuple[str, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_ids(cells: Sequence[str], lines: Sequence[int]) -> IdColumn:
    """The ids of a column; those that a spreadsheet rounded are faults, those that look like dates are noted."""
    distinct = set(cells)
    missing = {cell for cell in distinct if cell and is_missing(cell)}
    given = distinct - missing - {""}
    floats = {cell: whole_number(cell) for cell in given}
    whole = floats if all(floats.values()) else {}
    damaged = {cell: damage for cell in given if (damage := damage_of(cell))}
    dates = {cell for cell, damage in damaged.items() if damage.kind == "a date"}
    lost = {cell: damage.kind for cell, damage in damaged.items() if not damage.pairs}
    faults = [
        Fault(line, f"id {cell!r} is {lost[cell]}, made by a spreadsheet: {CURE}")
        for cell, line in zip(cells, lines, strict=True)
        if cell in lost
    ]
    told = {
        "is read as not given": missing,
        "is a float and is read as a whole number": set(whole),
        "looks like a date that a spreadsheet made": dates,
    }
    notes = tuple(
        f"id: {first_few(sorted(found))} {what} ({_lines(cells, lines, found)})"
        for what, found in told.items()
        if found
    )
    return IdColumn(tuple("" if cell in missing else whole.get(cell, cell) for cell in cells), notes, tuple(faults))


def _lines(cells: Sequence[str], lines: Sequence[int], found: set[str]) -> str:
    return told_lines([line for cell, line in zip(cells, lines, strict=True) if cell in found])
