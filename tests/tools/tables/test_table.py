from __future__ import annotations

from pathlib import Path

import pytest
import xlsxwriter

from lsl_shared.errors import DataFileError
from lsl_tools.tables.table import Table, read_table


def read(tmp_path: Path, data: bytes | str, key: str = "file") -> Table:
    path = tmp_path / "labels.csv"
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    return read_table(path, key)


@pytest.mark.parametrize(
    "name", ["stage_range", "Stage Range", "STAGE.RANGE", "stage-range", " Stage  range ", "stage\u00a0range"]
)
def test_names_of_columns_are_normalized(name: str, tmp_path: Path) -> None:
    assert read(tmp_path, f"File,{name}\n1.png,4-6\n").column("stage_range") == ("4-6",)


@pytest.mark.parametrize(
    ("above", "line"),
    [
        ("My embryos,,\n,,\n", 3),
        ("My embryos\n\n", 3),
        ("# from R\n# 2026-04-06\n", 3),
        ("a;b;c\n", 2),
        ("sep=,\n", 2),
        ('"Table 1, of 3"\n', 2),
        ("x\n" * 19, 20),
    ],
)
def test_a_title_above_the_header(above: str, line: int, tmp_path: Path) -> None:
    table = read(tmp_path, f"{above}file,gene\n0.png,eve\n1.png,ftz\n")
    assert (table.columns, table.lines) == (("file", "gene"), (line + 1, line + 2))
    said = f"labels.csv: the header is line {line}; what stands above was passed over"
    assert table.notes == (() if above.startswith("sep=") else (said,))


def test_the_numbers_of_rows_that_r_writes(tmp_path: Path) -> None:
    assert read(tmp_path, '"file","gene"\n"1","0.png","eve"\n"2","1.png","ftz"\n').column("gene") == ("eve", "ftz")
    assert read(tmp_path, '"","file","gene"\n"1","0.png","eve"\n').column("gene") == ("eve",)


def test_rows_that_are_too_long_are_told_together(tmp_path: Path) -> None:
    with pytest.raises(DataFileError) as caught:
        read(tmp_path, "file,gene\na,b,c\n1.png,eve,,\nd,e,f\n")
    assert str(caught.value).splitlines()[0].endswith("2 faults:")
    assert "line 2: has 3 cells, the header 2" in str(caught.value) and "line 4: has 3 cells" in str(caught.value)


def test_absent_columns_are_empty(tmp_path: Path) -> None:
    table = read(tmp_path, "file,gene\n0.png\n1.png,ftz\n")
    assert (table.column("gene"), table.column("view")) == (("", "ftz"), ("", ""))


@pytest.mark.parametrize("sheets", [["Notes", "Labels"], ["Labels"], ["Labels", "More labels"]])
def test_the_sheet_with_the_header_is_read(sheets: list[str], tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "labels.xlsx") as book:
        for name in sheets:
            sheet = book.add_worksheet(name)
            rows = [["about these"], ["file", "gene"], ["0.png", "eve"]] if "abels" in name else [["nothing here"]]
            for number, row in enumerate(rows):
                sheet.write_row(number, 1, row)
    table = read_table(tmp_path / "labels.xlsx")
    assert (table.column("file"), table.column("gene"), table.lines) == (("0.png",), ("eve",), (3,))
    assert ("sheet 'Labels' was read; More labels were not" in " ".join(table.notes)) == (
        len(sheets) == 2 and sheets[0] == "Labels"
    )


def test_a_workbook_whatever_it_is_called(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "labels.csv") as book:
        book.add_worksheet().write_column(0, 0, ["file", "0.png"])
    assert read_table(tmp_path / "labels.csv").column("file") == ("0.png",)
    with pytest.raises(DataFileError, match="needs a column `id`; it has: file"):
        read_table(tmp_path / "labels.csv", "id")
