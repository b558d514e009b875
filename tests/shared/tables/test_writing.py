from __future__ import annotations

import sys
from pathlib import Path

import pytest

from lsl_shared import ConfigError
from lsl_shared.tables.rows import read_table_rows
from lsl_shared.tables.writing import check_table_name, write_table

HEADER = ("id", "range", "probability")
ROWS = (("0012", "4-6", 0.12345), ("1e5", "=A1", 1.0), ("Sep2", "", 0.5))


def test_csv_is_for_programs(tmp_path: Path) -> None:
    write_table(tmp_path / "a.csv", HEADER, ROWS, 4)
    assert (tmp_path / "a.csv").read_text() == "id,range,probability\n0012,4-6,0.1235\n1e5,=A1,1.0000\nSep2,,0.5000\n"


@pytest.mark.parametrize("name", ["a.xlsx", "A.XLSX"])
def test_a_workbook_holds_texts(name: str, tmp_path: Path) -> None:
    write_table(tmp_path / name, HEADER, ROWS, 4)
    rows = [cells for _, cells in read_table_rows(tmp_path / name, lambda row: "id" in row).rows]
    assert rows == [list(HEADER), ["0012", "4-6", "0.12345"], ["1e5", "=A1", "1"], ["Sep2", "", "0.5"]]


def test_other_workbooks_are_refused(tmp_path: Path) -> None:
    for name in ("a.ods", "a.xls", "a.numbers"):
        with pytest.raises(ConfigError, match=r"written as \.csv or \.xlsx"):
            write_table(tmp_path / name, HEADER, ROWS, 4)
    assert list(tmp_path.iterdir()) == []


def test_the_extra_is_named_before_anything_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "xlsxwriter", None)
    with pytest.raises(ConfigError, match=r"pip install 'lsl-toolkit\[tables\]'"):
        check_table_name(tmp_path / "a.xlsx")
    check_table_name(tmp_path / "a.csv")


def test_a_folder_that_is_not_there_is_an_error_of_the_system(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for name in ("a.csv", "a.xlsx"):
        with pytest.raises(OSError):
            write_table(tmp_path / "file" / name, HEADER, ROWS, 4)
