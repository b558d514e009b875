from __future__ import annotations

from lsl_tools.importing.id_column import read_ids


def test_ids_are_as_they_are_written() -> None:
    ids = ("0001", "x", "4-6", "", "1e5", "46118")
    assert read_ids(ids, range(2, 8)).ids == ids
    assert read_ids(ids, range(2, 8)).faults == ()


def test_missing_ids_and_dates_are_told() -> None:
    found = read_ids(["NA", "6-Apr", "x"], [2, 3, 4])
    assert found.ids == ("", "6-Apr", "x")
    assert found.notes == (
        "id: NA is read as not given (line 2)",
        "id: 6-Apr looks like a date that a spreadsheet made (line 3)",
    )


def test_floats_of_a_column_with_gaps() -> None:
    assert read_ids(["12.0", "", "7.0"], [2, 3, 4]).ids == ("12", "", "7")
    assert read_ids(["12.0", "x"], [2, 3]).ids == ("12.0", "x")


def test_ids_that_a_spreadsheet_rounded_are_refused() -> None:
    found = read_ids(["1.23457E+19", "x", "#NAME?"], [2, 3, 4])
    assert [fault.line for fault in found.faults] == [2, 4]
    assert "is a rounded number, made by a spreadsheet: format the column as text" in found.faults[0].text
