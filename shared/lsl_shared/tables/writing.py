"""Tables that are written: as CSV for programs, or as a workbook whose cells no spreadsheet turns into dates."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import atomic_path

__all__ = ["Cell", "check_table_name", "write_table"]

Cell = str | float
"""A text, '' for an empty cell, or a number."""
_WORKBOOK: Final = ".xlsx"
_NOT_WRITTEN: Final = (".ods", ".xls", ".xlsb", ".xlsm", ".numbers")
_MOST_ROWS: Final = 2**20
_MOST_LETTERS: Final = 2**15 - 1
_WIDTH: Final = 16


def check_table_name(path: str | Path) -> None:
    """Raises ConfigError where no table of that name can be written: another workbook, or .xlsx without the extra."""
    suffix = Path(path).suffix.lower()
    if suffix in _NOT_WRITTEN:
        raise ConfigError(f"{path}: tables are written as .csv or .xlsx, not as {suffix}")
    if suffix == _WORKBOOK:
        _xlsxwriter()


def write_table(path: str | Path, header: Sequence[str], rows: Iterable[Sequence[Cell]], digits: int) -> None:
    """Writes a table by the ending of its name: .xlsx, or CSV in UTF-8 with numbers of so many digits after the point.

    The cells of a workbook are texts, also those that a person fills in later; numbers stay numbers. Raises ConfigError
    as `check_table_name` does, and for more rows than a workbook holds.
    """
    check_table_name(path)
    with atomic_path(path) as temporary:
        if Path(path).suffix.lower() == _WORKBOOK:
            _write_workbook(temporary, header, rows)
        else:
            _write_csv(temporary, header, rows, digits)


def _write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]], digits: int) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        for row in rows:
            writer.writerow([f"{cell:.{digits}f}" if isinstance(cell, float) else cell for cell in row])


def _write_workbook(path: Path, header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    xlsxwriter = _xlsxwriter()
    try:
        with xlsxwriter.Workbook(str(path), {"constant_memory": True}) as book:
            text, bold = book.add_format({"num_format": "@"}), book.add_format({"bold": 1, "num_format": "@"})
            sheet = book.add_worksheet("labels")
            sheet.set_column(0, len(header) - 1, _WIDTH, text)
            sheet.freeze_panes(1, 0)
            sheet.ignore_errors({"number_stored_as_text": f"A1:XFD{_MOST_ROWS}"})
            _write_row(sheet, 0, header, bold)
            for number, row in enumerate(rows, 1):
                if number == _MOST_ROWS:
                    raise ConfigError(f"a workbook holds {_MOST_ROWS:,} rows; write a .csv")
                _write_row(sheet, number, row, text)
    except xlsxwriter.exceptions.FileCreateError as problem:
        raise problem.args[0] from None


def _write_row(sheet: Any, number: int, row: Sequence[Cell], text: Any) -> None:
    for place, cell in enumerate(row):
        if isinstance(cell, float):
            sheet.write_number(number, place, cell)
        elif cell:
            sheet.write_string(number, place, cell[:_MOST_LETTERS], text)


def _xlsxwriter() -> Any:
    try:
        return import_module("xlsxwriter")
    except ImportError:
        raise ConfigError("writing .xlsx needs XlsxWriter: pip install 'lsl-toolkit[tables]', or name a .csv") from None
