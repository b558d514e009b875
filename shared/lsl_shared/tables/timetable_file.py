"""Timetables that people bring: a table of classes with their begin and end."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.tables.rows import read_table_rows
from lsl_shared.timetable import MINUTES, Timetable

__all__ = ["read_timetable"]

_COLUMNS = ("class", "begin", "end")


def read_timetable(path: str | Path) -> Timetable:
    """Reads a timetable: a CSV or workbook with columns class, begin, end, and perhaps unit (else minutes).

    Args:
        path: The table, a line a class, in their order.

    Raises:
        DataFileError: It cannot be read, lacks a column, or a time is no number; the text names the line.
        ConfigError: The classes do not follow each other.

    Example:
        >>> from pathlib import Path
        >>> from lsl_shared import read_timetable
        >>> _ = Path("times.csv").write_text("class,begin,end,unit\\nyoung,0,2,hours\\nold,2,9,hours\\n")
        >>> read_timetable("times.csv").unit
        'hours'
    """
    table = read_table_rows(path, _is_header)
    if table.header is None:
        raise DataFileError(Path(path), f"lacks a header with the columns {', '.join(_COLUMNS)}")
    names = [cell.lower() for cell in table.rows[table.header][1]]
    rows = [(line, dict(zip(names, cells, strict=False))) for line, cells in table.rows[table.header + 1 :]]
    if not rows:
        raise DataFileError(Path(path), "has a header and no class")
    classes = tuple(row["class"] for _, row in rows)
    if twice := {name for name in classes if classes.count(name) > 1}:
        raise DataFileError(Path(path), f"has the class {', '.join(sorted(twice))} twice")
    units = {row.get("unit", "") or MINUTES for _, row in rows}
    if len(units) > 1:
        raise DataFileError(Path(path), f"has several units, {', '.join(sorted(units))}; take one")
    begin, end = (tuple(_number(path, line, row, name) for line, row in rows) for name in _COLUMNS[1:])
    try:
        return Timetable(classes, begin, end, units.pop())
    except ConfigError as problem:
        raise DataFileError(Path(path), str(problem)) from None


def _is_header(cells: Sequence[str]) -> bool:
    return set(_COLUMNS) <= {cell.lower() for cell in cells}


def _number(path: str | Path, line: int, row: dict[str, str], name: str) -> float:
    try:
        return float(row.get(name, "").replace(",", "."))
    except ValueError:
        raise DataFileError(Path(path), f"line {line}: {name} is {row.get(name, '')!r}, expected a number") from None
