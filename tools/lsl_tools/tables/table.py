"""A table of labels: named columns of cells, and the lines of its rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsl_shared.errors import DataFileError
from lsl_shared.tables.delimited import NumberedRow
from lsl_shared.tables.rows import TableRows, read_table_rows
from lsl_tools.tables.faults import Fault, listed_faults

__all__ = ["Table", "read_table"]

_BETWEEN_WORDS: Final = re.compile(r"[\s.\-]+")


@dataclass(frozen=True)
class Table:
    """A table as read: the cells of its columns, whose names are normalized, and the line of each row."""

    path: Path
    cells: Mapping[str, tuple[str, ...]]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()
    percentages: bool = False
    """Whether it is a workbook that shows numbers as percentages."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns, in order."""
        return tuple(self.cells)

    def column(self, name: str) -> tuple[str, ...]:
        """The cells of a column, '' throughout where the table has none of that name."""
        return self.cells.get(name) or ("",) * len(self.lines)

    def problem(self, text: str, line: int | None = None) -> DataFileError:
        """The error that names this file and, where known, the line."""
        return DataFileError(self.path, text, "" if line is None else f"line {line}")

    def refuse(self, faults: Iterable[Fault]) -> None:
        """Raises DataFileError that tells all faults in the order of their lines, where there are any."""
        told = [str(fault) for fault in sorted(set(faults))]
        if told:
            raise DataFileError(self.path, listed_faults(told))


def read_table(path: str | Path, key: str = "file") -> Table:
    """Reads a table with a column `key`: CSV by comma, semicolon or tab, in UTF-8, UTF-16 or Latin-1, or a workbook.

    The header is looked for in the first rows. Column names are compared in lower case, blanks, dots and dashes as '_'.
    Raises DataFileError that names the file and the line, or the extra that a workbook needs.
    """
    path = Path(path)
    found = read_table_rows(path, lambda row: key in _names(row))
    if not found.rows:
        raise DataFileError(path, f"is empty; expected a CSV with a column `{key}`")
    above = found.header or 0
    columns, body = _names(found.rows[above][1]), found.rows[above + 1 :]
    _check_columns(path, columns, key)
    if not body:
        raise DataFileError(path, "has a header but no rows")
    body = _without_row_names(columns, body)
    by_column = zip(*(row for _, row in _even(columns, body)), strict=True)
    table = Table(
        path,
        dict(zip(columns, by_column, strict=False)),
        tuple(line for line, _ in body),
        (*found.notes, *_header_note(path, found)),
        found.percentages,
    )
    table.refuse(_too_long(columns, body))
    return table


def _names(row: Sequence[str]) -> tuple[str, ...]:
    return tuple(_BETWEEN_WORDS.sub("_", name.strip().lower()) for name in row)


def _header_note(path: Path, found: TableRows) -> tuple[str, ...]:
    if not found.header:
        return ()
    return (f"{path.name}: the header is line {found.rows[found.header][0]}; what stands above was passed over",)


def _check_columns(path: Path, columns: Sequence[str], key: str) -> None:
    if key not in columns:
        holding = " with the images' paths" if key == "file" else ""
        raise DataFileError(path, f"needs a column `{key}`{holding}; it has: {', '.join(columns)}")
    repeated = sorted({name for name in columns if name and columns.count(name) > 1})
    if repeated:
        raise DataFileError(path, f"has columns of the same name: {', '.join(repeated)}")


def _without_row_names(columns: Sequence[str], body: list[NumberedRow]) -> list[NumberedRow]:
    """The rows without the numbers that R's write.table puts before them under no name."""
    numbered = all(
        len(row) == len(columns) + 1 and row[0] == str(number) for number, (_, row) in enumerate(body, start=1)
    )
    return [(line, row[1:]) for line, row in body] if numbered else body


def _too_long(columns: Sequence[str], body: Sequence[NumberedRow]) -> Iterator[Fault]:
    width = len(columns)
    for line, row in body:
        if len(row) > width and any(row[width:]):
            yield Fault(line, f"has {len(row)} cells, the header {width}: a separator inside a cell needs quotes")


def _even(columns: Sequence[str], body: Sequence[NumberedRow]) -> Iterator[NumberedRow]:
    """The rows with as many cells as there are columns."""
    width = len(columns)
    for line, row in body:
        yield line, row if len(row) == width else (row + [""] * (width - len(row)))[:width]
