"""The sheets of a workbook: Excel's .xlsx, .xlsb and .xls, and .ods; cells become the text that a CSV would hold."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time
from importlib import import_module
from typing import Any, Final

from lsl_shared.tables.delimited import NumberedRow
from lsl_shared.tables.workbook_errors import error_cells

__all__ = ["has_percentages", "is_workbook", "workbook_sheets"]

_ZIP, _OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_LARGEST: Final = 2**30
"""Bytes that the parts of a workbook may unpack to."""
_EXACT: Final = 10**15
"""From here on a spreadsheet rounds whole numbers."""
_PERCENT_STYLE: Final = re.compile(rb'<xf [^>]*numFmtId="(9|10)"|formatCode="[^"]*%')
_MISSING: Final = (
    "is a workbook, and reading one needs python-calamine: pip install 'lsl-toolkit[tables]', or save it as CSV UTF-8"
)


def is_workbook(data: bytes) -> bool:
    """Whether these bytes begin as a workbook does, whatever the file is called."""
    return data.startswith((_ZIP, _OLE))


def workbook_sheets(data: bytes) -> list[tuple[str, list[NumberedRow]]]:
    """The visible sheets in their order: name, and rows that are not blank with their numbers in the sheet.

    Raises ValueError for what is no workbook, and where python-calamine is not installed.
    """
    if data.startswith(_ZIP):
        _check_parts(data)
    try:
        calamine: Any = import_module("python_calamine")
    except ImportError:
        raise ValueError(_MISSING) from None
    try:
        with calamine.load_workbook(io.BytesIO(data)) as book:
            visible = [sheet for sheet in book.sheets_metadata if str(sheet.visible).endswith(".Visible")]
            names = [sheet.name for sheet in visible if str(sheet.typ).endswith(".WorkSheet")]
            errors = error_cells(data) if data.startswith(_ZIP) else {}
            return [(name, list(_rows(book.get_sheet_by_name(name), errors.get(name, {})))) for name in names]
    except calamine.PasswordError:
        raise ValueError("is a workbook with a password: save it without one") from None
    except calamine.CalamineError as problem:
        raise ValueError(f"is not a readable workbook ({problem}): save it as CSV UTF-8") from None


def has_percentages(data: bytes) -> bool:
    """Whether a workbook shows any number as a percentage: its 0.3 may be 30% there."""
    if not data.startswith(_ZIP):
        return False
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = set(parts.namelist())
        if "content.xml" in names:
            return b'office:value-type="percentage"' in parts.read("content.xml")
        return "xl/styles.xml" in names and bool(_PERCENT_STYLE.search(_used_styles(parts.read("xl/styles.xml"))))


def _used_styles(styles: bytes) -> bytes:
    """The formats of cells and the codes that they name; what styles are merely offered is left out."""
    offered = re.compile(rb"<cellStyleXfs.*?</cellStyleXfs>", re.DOTALL)
    return offered.sub(b"", styles)


def _check_parts(data: bytes) -> None:
    """Raises ValueError for an archive that is no workbook, or would fill the memory."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as parts:
            names, size = parts.namelist(), sum(part.file_size for part in parts.infolist())
    except zipfile.BadZipFile:
        raise ValueError("is a damaged workbook: save it again") from None
    if any(name.startswith("Index/") for name in names):
        raise ValueError("is a document of Numbers: export it as CSV UTF-8")
    if "content.xml" not in names and not any(name.startswith("xl/workbook.") for name in names):
        raise ValueError("is an archive, not a table: unpack it first")
    if size > _LARGEST:
        raise ValueError(f"unpacks to {size:,} bytes, larger than any table of labels: save it as CSV UTF-8")


def _rows(sheet: Any, errors: dict[tuple[int, int], str]) -> Iterator[NumberedRow]:
    rows = sheet.to_python(skip_empty_area=False)
    for (number, column), error in errors.items():
        if number <= len(rows) and column <= len(rows[number - 1]):
            rows[number - 1][column - 1] = error
    for number, row in enumerate(rows, 1):
        cells = [cell.strip() if isinstance(cell, str) else _text(cell) for cell in row]
        if any(cells):
            yield number, cells


def _text(cell: Any) -> str:
    """A cell's value as text: 14.0 is 14, a date is 2026-04-06; a whole number that was rounded shows it."""
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, float):
        return _number(cell)
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    return cell.isoformat() if isinstance(cell, date | time) else str(cell)


def _number(cell: float) -> str:
    if abs(cell) >= _EXACT:
        return f"{cell:.14E}"
    return str(int(cell)) if cell.is_integer() else repr(cell)
