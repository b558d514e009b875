"""The rows of a table file, whatever it is: CSV, TSV, UTF-16 or a workbook; what it is is told by its content."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsl_shared.errors import DataFileError
from lsl_shared.system_errors import unreadable
from lsl_shared.tables.delimited import HEADER_WITHIN, NumberedRow, delimited_rows
from lsl_shared.tables.text import decode_text
from lsl_shared.tables.workbook import has_percentages, is_workbook, workbook_sheets
from lsl_shared.tables.workbook_errors import errors_told

__all__ = ["TABLE_SUFFIXES", "TableRows", "read_table_rows"]

TABLE_SUFFIXES: Final = (".csv", ".tsv", ".tab", ".txt", ".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
"""The usual endings of tables."""


@dataclass(frozen=True)
class TableRows:
    """The rows that are not blank, in order, cells without blanks around."""

    rows: list[NumberedRow]
    header: int | None
    """The place in `rows` of the first one that is a header, within the first rows; None if there is none."""
    notes: tuple[str, ...] = ()
    percentages: bool = False
    """Whether it is a workbook that shows numbers as percentages."""


def read_table_rows(
    path: str | Path, is_header: Callable[[Sequence[str]], bool], *, latin: bool = True, strict: bool = True
) -> TableRows:
    """Reads a table; `is_header` tells of a row's cells whether they are column names.

    `latin`: whether text that is not UTF-8 may be Latin-1. `strict`: whether quotes must be in order. Raises
    DataFileError that names the file, and the line where known.
    """
    path = Path(path)
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise DataFileError(path, unreadable(problem)) from None
    try:
        if is_workbook(data):
            return _workbook(path, data, is_header)
        text, guess = decode_text(data, latin=latin)
        rows = delimited_rows(text, is_header, strict=strict)
    except ValueError as problem:
        raise DataFileError(path, str(problem)) from None
    notes = (f"{path.name} is not UTF-8 and was read as {guess}: check names with accents",) if guess else ()
    return TableRows(rows, _header(rows, is_header), notes)


def _workbook(path: Path, data: bytes, is_header: Callable[[Sequence[str]], bool]) -> TableRows:
    """The first sheet with a header, else the first with anything."""
    sheets = [(name, rows, _header(rows, is_header)) for name, rows in workbook_sheets(data) if rows]
    fitting = [sheet for sheet in sheets if sheet[2] is not None]
    if not sheets:
        return TableRows([], None)
    name, rows, header = (fitting or sheets)[0]
    others = ", ".join(other for other, _, _ in fitting[1:])
    left_out = f"sheet {name!r} was read; {others} were not" if others else ""
    errors = errors_told(data) if data.startswith(b"PK") else ""
    notes = tuple(f"{path.name}: {note}" for note in (left_out, errors) if note)
    return TableRows(rows, header, notes, has_percentages(data))


def _header(rows: Sequence[NumberedRow], is_header: Callable[[Sequence[str]], bool]) -> int | None:
    return next((place for place, (_, row) in enumerate(rows[:HEADER_WITHIN]) if is_header(row)), None)
