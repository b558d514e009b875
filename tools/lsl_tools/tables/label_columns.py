"""A column of class names as a table holds it: cells that say nothing, floats, and cells that were turned."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from lsl_shared.tables.damage import damage_of, whole_number
from lsl_shared.tables.lines import told_lines
from lsl_shared.tables.missing import is_missing
from lsl_shared.wording import first_few
from lsl_tools.tables.faults import Fault

__all__ = ["CURE", "LabelColumn", "known_labels", "undamaged_labels"]

CURE: Final = "format the column as text and type it again"
_DECIMAL: Final = re.compile(r"[+-]?\d+[.,]\d+")
_NUMBER: Final = re.compile(r"[+-]?\d+(?:[.,]\d+)?")


@dataclass(frozen=True)
class LabelColumn:
    """The labels of a column in the order of its cells, '' where none is known; what to tell, and what is wrong."""

    name: str
    labels: tuple[str, ...]
    lines: tuple[int, ...]
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()

    def lines_of(self, labels: Container[str]) -> list[int]:
        """The lines that carry one of some labels."""
        return [line for label, line in zip(self.labels, self.lines, strict=True) if label in labels]


def known_labels(name: str, cells: Sequence[str], lines: Sequence[int]) -> LabelColumn:
    """The cells in one Unicode form, '' for NA and the like, which is noted. A `-` beside a `+` is a class."""
    distinct = set(cells)
    signs = any(cell and not cell.strip("+") for cell in distinct)
    missing = {cell for cell in distinct if is_missing(cell) and not (signs and cell == "-")}
    read = {cell: "" if cell in missing else unicodedata.normalize("NFC", cell) for cell in distinct}
    told = [line for cell, line in zip(cells, lines, strict=True) if cell and cell in missing]
    note = f"{name}: {first_few(sorted(missing - {''}))} is read as not known ({told_lines(told)})"
    return LabelColumn(name, tuple(read[cell] for cell in cells), tuple(lines), (note,) if told else ())


def undamaged_labels(column: LabelColumn, percentages: bool = False) -> LabelColumn:
    """The classes of a column of which nothing is known but its cells.

    Whole numbers that came as floats are brought back. Faults are the cells that a spreadsheet turned into dates and
    the like, and numbers that lost their zeros. `percentages`: the table is a workbook that shows some numbers as
    percentages.
    """
    counts = Counter(column.labels)
    del counts[""]
    whole = {label: number for label in counts if (number := whole_number(label))}
    wrong = dict(_lost_zeros(set(counts) - set(whole))) | dict(_same_numbers(counts, whole))
    wrong |= dict(_percents(set(counts) - set(whole))) if percentages else {}
    wrong |= {label: told for label in counts if (told := _damage(label))}
    faults = [
        Fault(line, f"{column.name} {label!r} {wrong[label]}")
        for label, line in zip(column.labels, column.lines, strict=True)
        if label in wrong
    ]
    labels = tuple(whole.get(label, label) for label in column.labels)
    notes = (*column.notes, *_brought_back(column, whole))
    return LabelColumn(column.name, labels, column.lines, notes, (*column.faults, *faults))


def _damage(label: str) -> str:
    damage = damage_of(label)
    meant = "; if it is meant so, put a letter before it" if damage and damage.kind.startswith("a date") else ""
    return f"is {damage.kind}, made by a spreadsheet: {CURE}{meant}" if damage else ""


def _percents(labels: Collection[str]) -> Iterator[tuple[str, str]]:
    """Numbers of a column with fractions: each may have been a percentage."""
    numbers = [label for label in labels if _NUMBER.fullmatch(label)]
    if any(_DECIMAL.fullmatch(label) for label in numbers):
        for label in numbers:
            yield label, f"may be a percentage in the workbook: {CURE}"


def _lost_zeros(labels: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Numbers that have lost their zeros: shorter than those beside them that have kept theirs."""
    numbers = {label for label in labels if label.isascii() and label.isdigit()}
    padded = {label for label in numbers if label.startswith("0") and len(label) > 1}
    width = max(map(len, padded), default=0)
    for label in numbers - padded:
        if len(label) < width:
            yield label, f"has lost its zeros, if others are written as {min(padded)!r}: {CURE}, or write all alike"


def _same_numbers(counts: Mapping[str, int], whole: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Numbers that are written in several ways, 0.50 and 0,5; the commonest way is taken for right."""
    ways: dict[float, list[str]] = {}
    for label in counts:
        if label not in whole and _NUMBER.fullmatch(label):
            ways.setdefault(float(label.replace(",", ".")), []).append(label)
    for labels in ways.values():
        right = max(labels, key=lambda label: counts[label])
        for label in labels:
            if label != right:
                yield label, f"is the number {right!r} of other lines, written otherwise: write all alike"


def _brought_back(column: LabelColumn, whole: dict[str, str]) -> Iterator[str]:
    if whole:
        example, number = next(iter(whole.items()))
        lines = column.lines_of(whole)
        example = f"such as {example!r} to {number!r}"
        yield f"{column.name}: {len(lines):,} float(s) brought back, {example} ({told_lines(lines)})"
