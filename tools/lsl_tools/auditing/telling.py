"""How an audit is told: a table for `lsl-store label`, a contact sheet, and lines for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from lsl_shared.tables.writing import Cell, write_table
from lsl_tools.auditing.audit import Audit, TaskErrors
from lsl_tools.auditing.doubts import Doubt
from lsl_tools.auditing.expected import Expected
from lsl_tools.labelling.label_sheet import draw_captioned

__all__ = ["DOUBTFUL", "WRONG", "audit_path", "change_told", "draw_audit", "numbers_told", "write_audit"]

DOUBTFUL, WRONG = "doubtful", "wrong"
"""Columns of the table: the task in doubt, and how likely a label of the image is wrong."""
_DIGITS = 3


def audit_path(store: str | Path) -> Path:
    """The table of an audit, beside the store: STORE.audit.csv."""
    return Path(store).with_suffix(".audit.csv")


def write_audit(audit: Audit, path: str | Path, fill: float | None = None) -> None:
    """Writes a table that `lsl-store label` takes, the most doubtful image first.

    Columns: id, gene, doubtful, wrong, same_as, then for each task what it is now, what it may be, and the empty column
    to fill in. `fill` fills it in where a label is wrong with at least that probability and another class is likely.
    """
    tasks = [one.task for one in audit.tasks]
    of_tasks = [name for task in tasks for name in (f"{task}_now", f"{task}_maybe", task)]
    header = ("id", "gene", DOUBTFUL, WRONG, "same_as", *of_tasks)
    write_table(path, header, (_row(one, tasks, fill) for one in audit.doubts), _DIGITS)


def draw_audit(audit: Audit, path: str | Path, most: int) -> None:
    """Draws the most doubtful images in the order of the table. Raises StoreError where one cannot be read."""
    shown = audit.doubts[:most]
    captions = [(f"{number}  {one.id}", *_two_lines(one)) for number, one in enumerate(shown, start=1)]
    title = f"{len(shown)} images with doubtful labels"
    draw_captioned(title, [one.row for one in shown], captions, audit.store, path)


def change_told(doubt: Doubt) -> str:
    """What an image is now, and may be: "stage 9 → 11, stage_range 9-10"; the doubtful task first."""
    return ", ".join(_changes(doubt))


def numbers_told(audit: Audit) -> Iterator[str]:
    """How many labels are wrong, a line for each task and one for all."""
    for one in audit.tasks:
        yield f"{one.task}: about {_number(one.expected)} of {one.labels:,} labels are wrong{_share(one)}"
    if len(audit.tasks) > 1:
        yield f"together: about {_number(audit.total)}"


def _number(expected: Expected) -> str:
    return f"{expected.number:,.0f} ({expected.low:,.0f} to {expected.high:,.0f})"


def _share(one: TaskErrors) -> str:
    return f", {one.expected.number / one.labels:.1%}" if one.labels else ""


def _instead(doubt: Doubt, task: str) -> tuple[str, ...]:
    return ("→", doubt.maybe[task] or "none of them") if task in doubt.maybe else ()


def _changes(doubt: Doubt) -> list[str]:
    tasks = sorted(doubt.now, key=lambda task: task != doubt.task)
    return [" ".join((task, doubt.now[task], *_instead(doubt, task))) for task in tasks]


def _two_lines(doubt: Doubt) -> tuple[str, str]:
    first, *others = _changes(doubt)
    if doubt.same_as:
        return first, _same(doubt)
    return f"{first} ({doubt.wrong:.0%})", ", ".join(others)


def _same(doubt: Doubt) -> str:
    return f"the same picture as {', '.join(doubt.same_as)}"


def _row(doubt: Doubt, tasks: Sequence[str], fill: float | None) -> list[Cell]:
    cells: list[Cell] = [doubt.id, doubt.gene, doubt.task, doubt.wrong, "|".join(doubt.same_as)]
    for task in tasks:
        maybe = doubt.maybe.get(task, "")
        taken = fill is not None and doubt.wrong >= fill and not doubt.same_as
        cells += [doubt.now.get(task, ""), maybe, maybe if taken else ""]
    return cells
