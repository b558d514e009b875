"""The rows of a text that is separated by comma, semicolon or tab."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import Final

__all__ = ["HEADER_WITHIN", "NumberedRow", "delimited_rows"]

NumberedRow = tuple[int, list[str]]
"""The line where a row ends, counted from 1, and its cells."""
HEADER_WITHIN: Final = 20
"""So many rows are searched for the header."""
_DELIMITERS: Final = ",;\t"
_SEP_LINE: Final = re.compile(r'"?sep=(.)"?\s*$', re.IGNORECASE)
_FORMULA: Final = re.compile(r'=\s*"(.*)"', re.DOTALL)
_MARKED: Final = re.compile(r"'(?=[\d=+-])")


def delimited_rows(text: str, is_header: Callable[[Sequence[str]], bool], *, strict: bool = True) -> list[NumberedRow]:
    """The rows that are not blank, cells stripped; the separator is the one that makes a header.

    Excel's first line `sep=;` names the separator and is no row. Raises ValueError that names the line where quotes
    are not in order, and `strict`.
    """
    named = _SEP_LINE.match(text.split("\n", 1)[0].strip("\r"))
    delimiter = named[1] if named else _delimiter(text, is_header, strict)
    return [row for row in _rows(text, delimiter, strict) if not (named and row[0] == 1)]


def _delimiter(text: str, is_header: Callable[[Sequence[str]], bool], strict: bool) -> str:
    """The separator that makes a header within the first rows, else the commonest of the first line."""
    for delimiter in _DELIMITERS:
        try:
            if any(is_header(row) for _, row in islice(_rows(text, delimiter, strict), HEADER_WITHIN)):
                return delimiter
        except ValueError:
            continue
    return max(_DELIMITERS, key=text.split("\n", 1)[0].count)


def _rows(text: str, delimiter: str, strict: bool) -> Iterator[NumberedRow]:
    clean = _clean if "=" in text or "'" in text else str.strip
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=strict)
    try:
        for row in reader:
            cells = [clean(cell) for cell in row]
            if any(cells):
                yield reader.line_num, cells
    except csv.Error as problem:
        raise ValueError(f"line {reader.line_num}: is not a readable CSV ({problem})") from None


def _clean(cell: str) -> str:
    """Without blanks around, and without what keeps a spreadsheet from reading it as a number: ="007", '007."""
    cell = cell.strip()
    quoted = _FORMULA.fullmatch(cell) if cell.startswith("=") else None
    if quoted:
        return quoted[1].replace('""', '"').strip()
    return cell[1:] if _MARKED.match(cell) else cell
