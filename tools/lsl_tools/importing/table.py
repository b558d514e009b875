"""Images and labels from a CSV: columns `file`; if you like `id`, `gene`, `view`, `split`, `cv_terms`, one a task."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PureWindowsPath

from lsl_shared.errors import DataFileError
from lsl_shared.files.store import SPLITS
from lsl_shared.system_errors import unreadable
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.tasks import FLY_TASKS, TaskSpec
from lsl_tools.importing.terms import TERMS, read_terms

__all__ = ["Table", "list_table", "read_table"]

_DELIMITERS = ",;\t"
_NOT_LABELS = ("file", "id", "gene", "view", "split", TERMS)


@dataclass(frozen=True)
class Table:
    """A CSV as read: normalized column names, and each row as (line number, {column: cell})."""

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, dict[str, str]], ...]
    notes: tuple[str, ...] = ()

    def problem(self, text: str, line: int | None = None) -> DataFileError:
        """The error that names this file and, where known, the line."""
        return DataFileError(self.path, text, "" if line is None else f"line {line}")


def read_table(path: str | Path, key: str = "file") -> Table:
    """Reads a CSV with a column `key`, separated by comma, semicolon or tab; UTF-8, else Windows or Latin-1.

    Column names are compared in lower case, blanks as '_'. Raises DataFileError that names the file and the line.
    """
    path = Path(path)
    text, notes = _decode(path)
    delimiter = _delimiter(text.split("\n", 1)[0], key)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        lines = [(reader.line_num, [cell.strip() for cell in row]) for row in reader]
    except csv.Error as problem:
        raise DataFileError(path, f"is not a readable CSV ({problem})", f"line {reader.line_num}") from None
    lines = [(line, row) for line, row in lines if any(row)]
    if not lines:
        raise DataFileError(path, f"is empty; expected a CSV with a column `{key}`")
    columns = tuple(name.lower().replace(" ", "_") for name in lines[0][1])
    table = Table(path, columns, tuple(_rows(path, columns, lines[1:])), notes)
    _check(table, key)
    return table


def list_table(table: Table, root: Path, tasks: Sequence[TaskSpec] = ()) -> Listing:
    """The images that a table names, paths below `root`. Without `tasks`, columns stage_range and stage are taken.

    Raises DataFileError for missing columns, repeated ids, paths that leave `root`, and unknown splits.
    """
    chosen = tuple(tasks) or tuple(spec for spec in FLY_TASKS if spec.name in table.columns)
    known = {spec.name: spec for spec in FLY_TASKS}
    for spec in chosen:
        if spec.name not in table.columns and not (known.get(spec.name) == spec and "stage" in table.columns):
            raise table.problem(f"has no column {spec.name!r} for a task; its columns: {', '.join(table.columns)}")
    notes = list(table.notes)
    if not chosen:
        labels = [name for name in table.columns if name and name not in _NOT_LABELS]
        named = f"--task COLUMN takes one of {', '.join(labels)}" if labels else "the table has no further column"
        notes.append(f"no labels were taken; {named}")
    samples = tuple(_sample(table, line, row, root, chosen) for line, row in table.rows)
    _refuse_repeated_ids(table, samples)
    return Listing(samples, chosen, tuple(notes))


def _decode(path: Path) -> tuple[str, tuple[str, ...]]:
    try:
        data = path.read_bytes()
    except OSError as problem:
        raise DataFileError(path, unreadable(problem)) from None
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") or b"\0" in data:
        raise DataFileError(path, "is not a text in UTF-8 (UTF-16, or no text at all): save it as CSV UTF-8")
    for encoding in ("utf-8-sig", "cp1252", "latin-1"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        said = f"{path.name} is not UTF-8 and was read as {encoding}: check names with accents"
        return text, () if encoding == "utf-8-sig" else (said,)
    raise AssertionError("latin-1 decodes everything")


def _delimiter(header: str, key: str) -> str:
    """The separator that makes a column `key`, else the commonest one."""
    for delimiter in _DELIMITERS:
        if key in [name.strip(' "\r').lower() for name in header.split(delimiter)]:
            return delimiter
    return max(_DELIMITERS, key=header.count)


def _rows(
    path: Path, columns: tuple[str, ...], lines: list[tuple[int, list[str]]]
) -> Iterator[tuple[int, dict[str, str]]]:
    for line, row in lines:
        if any(row[len(columns) :]):
            too_many = f"has {len(row)} cells, the header {len(columns)}: a separator inside a cell needs quotes"
            raise DataFileError(path, too_many, f"line {line}")
        padded = row + [""] * (len(columns) - len(row))
        yield line, dict(zip(columns, padded, strict=False))


def _check(table: Table, key: str) -> None:
    if key not in table.columns:
        holding = " with the images' paths" if key == "file" else ""
        raise table.problem(f"needs a column `{key}`{holding}; it has: {', '.join(table.columns)}")
    repeated = sorted({name for name in table.columns if name and table.columns.count(name) > 1})
    if repeated:
        raise table.problem(f"has columns of the same name: {', '.join(repeated)}")
    if not table.rows:
        raise table.problem("has a header but no rows")


def _sample(table: Table, line: int, row: dict[str, str], root: Path, tasks: Sequence[TaskSpec]) -> Sample:
    source = _inside(table, line, row["file"])
    if row.get("split", "") not in SPLITS:
        raise table.problem(f"split {row['split']!r}: expected train, calibration, test or nothing", line)
    return Sample(
        path=root / source,
        source=source,
        id=row.get("id") or source,
        place=f"{table.path.name}: line {line}",
        gene=row.get("gene", ""),
        view=row.get("view", "").lower(),
        split=row.get("split", ""),
        labels={spec.name: row.get(spec.name, "") for spec in tasks},
        terms=read_terms(row.get(TERMS, "")),
    )


def _inside(table: Table, line: int, file: str) -> str:
    """The path with '/', relative and below the source folder."""
    path = PureWindowsPath(file)  # reads both kinds of separators and drives
    if not path.parts:
        raise table.problem("column `file` is empty", line)
    if path.anchor or ".." in path.parts:
        raise table.problem(f"file {file!r} must be a relative path below the source folder, without ..", line)
    return path.as_posix()


def _refuse_repeated_ids(table: Table, samples: Sequence[Sample]) -> None:
    first: dict[str, int] = {}
    for sample, (line, row) in zip(samples, table.rows, strict=True):
        if first.setdefault(sample.id, line) != line:
            cure = "give every row its own id" if row.get("id") else "remove one row, or add a column `id`"
            raise table.problem(f"id {sample.id!r} was given in line {first[sample.id]} before: {cure}", line)
