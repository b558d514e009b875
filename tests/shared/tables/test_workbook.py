from __future__ import annotations

import io
import sys
import zipfile
from datetime import datetime
from pathlib import Path

import pytest
import xlsxwriter

from lsl_shared.tables.workbook import has_percentages, is_workbook, workbook_sheets
from lsl_shared.tables.workbook_errors import errors_told


@pytest.fixture
def book(tmp_path: Path) -> bytes:
    """Two visible sheets and a hidden one; cells of every kind."""
    path = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(path) as made:
        sheet = made.add_worksheet("Labels")
        sheet.write_row(2, 1, ["file", "x"])
        sheet.write_datetime(3, 2, datetime(2026, 4, 6), made.add_format({"num_format": "d-mmm"}))
        for row, number in enumerate((14.0, 0.5, 12345678901234567890, 46118), 4):
            sheet.write_number(row, 2, number)
        sheet.write_boolean(8, 2, True)
        sheet.write_string(9, 2, " 0012 ")
        made.add_worksheet("hidden").hide()
        made.add_worksheet("More").write(0, 0, "a")
    return path.read_bytes()


def test_cells_become_text(book: bytes) -> None:
    (name, rows), (other, _), *rest = workbook_sheets(book)
    assert (name, other, rest) == ("Labels", "More", [])
    assert rows[0] == (3, ["", "file", "x"]), "rows are counted as the spreadsheet counts them"
    found = ["2026-04-06", "14", "0.5", "1.23456789012346E+19", "46118", "TRUE", "0012"]
    assert [cells[2] for _, cells in rows[1:]] == found


def test_errors_of_formulas_are_not_empty_cells(tmp_path: Path) -> None:
    """As a CSV of the same sheet would have them, even in a last column of nothing else."""
    errors = ["#N/A", "#DIV/0!", "#REF!", "#NAME?"]
    with xlsxwriter.Workbook(tmp_path / "book.xlsx") as made:
        made.add_worksheet("R&D <1>").write(0, 0, "a")
        sheet = made.add_worksheet("Übersicht")
        sheet.write_row(0, 0, ["id", "stage", *[""] * 25, "view"])
        for row, error in enumerate(errors, 1):
            sheet.write_formula(row, 1, '=VLOOKUP("x>y",A:C,2,0)', None, error)
            sheet.write_formula(row, 27, "=B2&C2", None, error)
        sheet.write_row(5, 0, ["im5", "7"])
    (_, first), (_, rows) = workbook_sheets((tmp_path / "book.xlsx").read_bytes())
    assert first == [(1, ["a"])]
    assert [(cells[1], cells[27]) for _, cells in rows[1:]] == [*zip(errors, errors, strict=True), ("7", "")]


def test_an_error_without_a_value_takes_none_from_its_neighbour() -> None:
    from lsl_shared.tables import workbook_errors

    sheet = (
        b'<row r="1"><c r="A1" t="e"/><c r="B1"><v>5</v></c><c t="e" r="C1" s="2"><f>1/0</f><v>#DIV/0!</v></c></row>'
    )
    assert workbook_errors._errors(sheet) == {(1, 3): "#DIV/0!"}


def test_errors_of_an_open_document_are_told(tmp_path: Path) -> None:
    cell = (
        '<table:table-cell office:value-type="string" calcext:value-type="error"><text:p>{}</text:p></table:table-cell>'
    )
    document = archive(**{"content.xml": "".join(map(cell.format, ("#N/A", "#REF!", "#DIV/0!", "#REF!"))).encode()})
    assert errors_told(document) == (
        "3 cells hold a spreadsheet's error (#DIV/0!, #REF!) and are read as empty: mend their formulas"
    )
    assert errors_told(archive(**{"content.xml": b"<text:p>#REF!</text:p>"})) == ""


def test_percentages_are_known(book: bytes, tmp_path: Path) -> None:
    assert is_workbook(book) and not has_percentages(book)
    with xlsxwriter.Workbook(tmp_path / "shares.xlsx") as made:
        made.add_worksheet().write_number(0, 0, 0.3, made.add_format({"num_format": "0%"}))
    assert has_percentages((tmp_path / "shares.xlsx").read_bytes())


def archive(**parts: bytes) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as made:
        for name, content in parts.items():
            made.writestr(name.replace("_", "/"), content)
    return stream.getvalue()


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (archive(photos=b"x"), "is an archive, not a table"),
        (archive(Index_Document=b"x"), "is a document of Numbers: export it"),
        (archive(**{"xl_workbook.xml": b"<no"}), "is not a readable workbook"),
        (archive(**{"xl_workbook.xml": bytes(2**30 + 1)}), "larger than any table of labels"),
        (b"PK\x03\x04 and no more", "is a damaged workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "is not a readable workbook"),
    ],
)
def test_what_is_no_workbook(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        workbook_sheets(data)


def test_the_extra_is_named(book: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "python_calamine", None)
    with pytest.raises(ValueError, match=r"pip install 'lsl-toolkit\[tables\]', or save it as CSV"):
        workbook_sheets(book)
