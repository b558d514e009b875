"""Tables that are filled in by a person go through LibreOffice and come back as they were meant."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import Store, StoreWriter
from lsl_shared.fly import stage_range_space, stage_space
from lsl_shared.tables.writing import Cell, write_table
from lsl_tools.labelling.read import read_labels
from lsl_tools.tables.table import read_table
from tests.support.libreoffice import LANGUAGES, PROGRAM, saved_as

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="LibreOffice is not installed")

HEADER = ("id", "gene", "coarse", "guess", "probability", "stage", "stage_range")
ROWS: Sequence[Sequence[Cell]] = (
    ("0012345", "dec-1", "4-6", "5", 0.5, "5", "4-6"),
    ("000123", "Sep1", "7-8", "7", 0.25, "7", "7-8"),
    ("0007", "nan", "9-10", "9", 0.125, "", "9-10"),
    ("12345678901234567890", "mar-1", "11-12", "11", 1.0, "12", "11-12"),
    ("x-3", "14-3-3", "13-17", "14", 0.1, "14", "13-17"),
    ("1e5", "1.28", "1-3", "", 0.2, "", "1-3"),
)
LOST = ("12345678901234567890", "1e5")
"""Ids that a CSV does not bring through a spreadsheet."""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Images without any label, their ids those of ROWS."""
    with StoreWriter(tmp_path / "store.h5", 8, 9) as writer:
        for number, row in enumerate(ROWS):
            writer.append(np.full((8, 9, 3), number, np.uint8), id=str(row[0]))
        writer.add_task(stage_range_space(), [-1] * len(ROWS))
        writer.add_task(stage_space(), [-1] * len(ROWS))
    return tmp_path / "store.h5"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_workbook_stays_as_it_was_written(language: str, tmp_path: Path) -> None:
    write_table(tmp_path / "answers.xlsx", HEADER, ROWS, 4)
    written = read_table(tmp_path / "answers.xlsx", "id")
    for ending in ("ods", "xlsx", "csv"):
        back = read_table(saved_as(tmp_path / "answers.xlsx", ending, language, tmp_path), "id")
        for name in set(HEADER) - {"probability"}:
            assert back.column(name) == written.column(name) == tuple(str(row[HEADER.index(name)]) for row in ROWS)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_labels_come_back(kind: str, language: str, store: Path, tmp_path: Path) -> None:
    rows = [row for row in ROWS if kind == "xlsx" or row[0] not in LOST]
    write_table(tmp_path / f"filled.{kind}", HEADER, rows, 4)
    for ending in ("ods", "xlsx", "csv"):
        table = saved_as(tmp_path / f"filled.{kind}", ending, language, tmp_path)
        if ending != "csv" and kind == "csv":  # and once more, out of LibreOffice's own file
            table = saved_as(table, "csv", language, tmp_path)
        with Store(store) as opened:
            found = {change.task: change for change in read_labels(opened, table).changes}
            for task, place in (("stage", 5), ("stage_range", 6)):
                classes, change = opened.tasks[task].classes, found[task]
                given = {opened.ids[row]: classes[new] for row, new in zip(change.rows, change.new, strict=True)}
                assert given == {row[0]: row[place] for row in rows if row[place]}
