from __future__ import annotations

import unicodedata

import pytest

from lsl_tools.tables.label_columns import LabelColumn, known_labels, undamaged_labels


def read(*cells: str, percentages: bool = False) -> LabelColumn:
    return undamaged_labels(known_labels("period", cells, range(2, len(cells) + 2)), percentages)


def test_missing_cells_are_told() -> None:
    found = read("oak", "NA", "", "None", "?", "nan")
    assert found.labels == ("oak", "", "", "", "", "")
    assert found.notes == ("period: ?, NA, None, nan is read as not known (lines 3, 5, 6, 7)",)
    assert not found.faults


@pytest.mark.parametrize("positive", ["+", "++"])
def test_a_minus_beside_a_plus_is_a_class(positive: str) -> None:
    assert read(positive, "-", "NA").labels == (positive, "-", "")


@pytest.mark.parametrize(
    ("cells", "labels"),
    [
        (("14.0", "", "3.0"), ("14", "", "3")),
        (("14,0", "3"), ("14", "3")),
        (("14.00", "L1"), ("14", "L1")),
        (("1.0", "0.5"), ("1", "0.5")),
    ],
)
def test_floats_are_brought_back(cells: tuple[str, ...], labels: tuple[str, ...]) -> None:
    found = read(*cells)
    assert (found.labels, found.faults) == (labels, ())
    assert "float(s) brought back, such as" in found.notes[-1] and "line" in found.notes[-1]


@pytest.mark.parametrize(
    "cell",
    ["6-Apr", "04. Jun", "2026-04-06 00:00:00", "46118", "46118.0", "1.23E+19", "#NAME?", "####", "1-Dec", "Apr-50"],
)
@pytest.mark.parametrize("others", [(), ("4-6", "7-8"), ("oak", "beech", "oak"), ("5", "6")])
def test_what_was_turned_is_refused_with_its_line(cell: str, others: tuple[str, ...]) -> None:
    found = read(*others, cell, cell)
    assert [fault.line for fault in found.faults] == [len(others) + 2, len(others) + 3]
    assert found.faults[0].text.startswith(f"period {cell!r} is ")
    assert "format the column as text and type it again" in found.faults[0].text


@pytest.mark.parametrize(
    ("cells", "lines"),
    [
        (("007", "012", "7"), [4]),
        (("0012", "12", "120"), [3, 4]),
        (("0.50", "0,5", "0.50"), [3]),
        (("1.5", "1.50"), [3]),
    ],
)
def test_numbers_that_are_written_in_two_ways(cells: tuple[str, ...], lines: list[int]) -> None:
    assert [fault.line for fault in read(*cells).faults] == lines


@pytest.mark.parametrize(
    "cells", [("7", "12", "100"), ("007", "012"), ("0", "1"), ("0.5", "1.5"), ("dec-1", "Sep2"), ("30%",)]
)
def test_what_is_whole_is_taken(cells: tuple[str, ...]) -> None:
    assert (read(*cells).labels, read(*cells).faults) == (cells, ())


def test_percentages_of_a_workbook() -> None:
    assert [fault.line for fault in read("0.3", "shield", "1", percentages=True).faults] == [2, 4]
    assert read("3", "14", percentages=True).faults == ()


def test_one_unicode_form() -> None:
    assert (
        read(unicodedata.normalize("NFD", "Köcher"), unicodedata.normalize("NFC", "Köcher")).labels == ("Köcher",) * 2
    )
