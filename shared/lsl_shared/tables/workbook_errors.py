"""Cells of an Excel workbook that hold a spreadsheet's error, #REF! for one, which python-calamine gives as empty."""

from __future__ import annotations

import io
import re
import zipfile
from html import unescape
from posixpath import join, normpath
from typing import Final

__all__ = ["error_cells", "errors_told"]

_CELL: Final = re.compile(
    rb'<(?:\w+:)?c\b(?=[^>]*\st="e")[^>]*\sr="([A-Z]+)(\d+)"[^>]*(?<!/)>'
    rb"(?:(?!</(?:\w+:)?c>).){0,20000}?<(?:\w+:)?v>([^<]*)<",
    re.DOTALL,
)
_OPEN_DOCUMENT: Final = re.compile(rb'calcext:value-type="error"[^>]*>\s*<text:p>(?!#N/A)([^<]+)')
_SHEET: Final = re.compile(r"<(?:\w+:)?sheet\b[^>]*>")
_RELATION: Final = re.compile(r"<(?:\w+:)?Relationship\b[^>]*>")
_ATTRIBUTE: Final = re.compile(r'([\w:]+)="([^"]*)"')


def error_cells(data: bytes) -> dict[str, dict[tuple[int, int], str]]:
    """Of each sheet of an .xlsx or .xlsm, by name: what the cell at (row, column) says, both from 1; {} for others."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        names = set(parts.namelist())
        if not {"xl/workbook.xml", "xl/_rels/workbook.xml.rels"} <= names:
            return {}
        sheets = _sheet_parts(parts)
        return {name: _errors(parts.read(part)) for name, part in sheets.items() if part in names}


def errors_told(data: bytes) -> str:
    """A sentence on an .ods with errors, of which the reader does not say where they are; '' for others."""
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        found = _OPEN_DOCUMENT.findall(parts.read("content.xml")) if "content.xml" in parts.namelist() else []
    if not found:
        return ""
    kinds = ", ".join(sorted({kind.decode("utf-8", "replace") for kind in found}))
    return f"{len(found)} cells hold a spreadsheet's error ({kinds}) and are read as empty: mend their formulas"


def _sheet_parts(parts: zipfile.ZipFile) -> dict[str, str]:
    """The part of the archive that holds each sheet."""
    relations = [_attributes(tag) for tag in _RELATION.findall(_text(parts, "xl/_rels/workbook.xml.rels"))]
    targets = {relation.get("Id"): normpath(join("/xl", relation.get("Target", ""))) for relation in relations}
    sheets = [_attributes(tag) for tag in _SHEET.findall(_text(parts, "xl/workbook.xml"))]
    return {sheet.get("name", ""): targets.get(sheet.get("r:id"), "").lstrip("/") for sheet in sheets}


def _text(parts: zipfile.ZipFile, name: str) -> str:
    return parts.read(name).decode("utf-8", "replace")


def _attributes(tag: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in _ATTRIBUTE.findall(tag)}


def _errors(sheet: bytes) -> dict[tuple[int, int], str]:
    if b't="e"' not in sheet:
        return {}
    return {(int(row), _column(letters)): unescape(value.decode()) for letters, row, value in _CELL.findall(sheet)}


def _column(letters: bytes) -> int:
    """1 of A, 27 of AA."""
    column = 0
    for letter in letters:
        column = 26 * column + letter - ord("A") + 1
    return column
