"""The column `file`: paths below the source folder, found on the disk in any Unicode form and case."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath
from typing import Final

from lsl_shared.tables.lines import told_lines
from lsl_shared.tables.missing import is_missing
from lsl_tools.importing.file_names import FileNames
from lsl_tools.tables.faults import Fault

__all__ = ["FileColumn", "read_files"]

_PLAIN: Final = re.compile(r"(?:[\w -][\w. -]*/)*[\w -][\w. -]*")
"""Relative with '/' as it is, and without ..: no part begins with a dot."""


@dataclass(frozen=True)
class FileColumn:
    """Paths with '/' in the order of their cells: as they lie on the disk, and as they are written."""

    sources: tuple[str, ...]
    written: tuple[str, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_files(cells: Sequence[str], lines: Sequence[int], root: Path) -> FileColumn:
    """The paths of a column; those that are empty or leave the folder are faults."""
    names = FileNames(root)
    sources, written, otherwise, faults = list[str](), list[str](), list[int](), list[Fault]()
    for cell, line in zip(cells, lines, strict=True):
        try:
            path = _inside(cell)
        except ValueError as problem:
            faults.append(Fault(line, str(problem)))
            path = cell
        source = names.find(path)
        sources.append(source)
        written.append(path)
        if source != path:
            otherwise.append(line)
    example = next(
        (f"{path} for {source}" for path, source in zip(written, sources, strict=True) if path != source), ""
    )
    told = f"{len(otherwise):,} file(s) are named in another case or Unicode form, such as {example}"
    notes = (f"{told} ({told_lines(otherwise)})",) if otherwise else ()
    return FileColumn(tuple(sources), tuple(written), notes, tuple(faults))


def _inside(file: str) -> str:
    """The path with '/', relative and below the source folder. Raises ValueError."""
    if is_missing(file):
        raise ValueError("column `file` is empty")
    if _PLAIN.fullmatch(file):
        return file
    path = PureWindowsPath(file)  # reads both kinds of separators and drives
    if path.anchor or ".." in path.parts:
        raise ValueError(f"file {file!r} must be a relative path below the source folder, without ..")
    return path.as_posix()
