from __future__ import annotations

from collections.abc import Sequence

import pytest

from lsl_shared.tables.delimited import delimited_rows


def has_file(cells: Sequence[str]) -> bool:
    return "file" in cells


ROWS = [["file", "family"], ["1.png", 'oak, or "beech"'], ["2.png", "moss"]]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("above", ["", "My trees, all of them{end}", "{end}{end}", "a;b;c;d{end}x,y,z{end}"])
def test_the_separator_is_the_one_that_makes_a_header(separator: str, end: str, above: str) -> None:
    lines = [separator.join((f'"{first}"', '"' + second.replace('"', '""') + '"')) for first, second in ROWS]
    rows = delimited_rows(above.format(end=end) + end.join(lines) + end, has_file)
    assert [cells for _, cells in rows][-3:] == ROWS


@pytest.mark.parametrize("first", ["sep=;", "SEP=;", '"sep=;"', "sep=; "])
def test_the_line_of_excel_names_the_separator(first: str) -> None:
    assert delimited_rows(f"{first}\r\nfile;a,b\r\n1;2\r\n", has_file) == [(2, ["file", "a,b"]), (3, ["1", "2"])]


@pytest.mark.parametrize(
    ("cell", "read"),
    [('="007"', "007"), ('"=""4-6"""', "4-6"), ("'4-6", "4-6"), ("'tis", "'tis"), ("=A1", "=A1"), ("5'-end", "5'-end")],
)
def test_what_keeps_spreadsheets_away_is_taken_off(cell: str, read: str) -> None:
    assert delimited_rows(f"file,x\n1.png,{cell}\n", has_file)[1] == (2, ["1.png", read])


def test_lines_are_counted_over_cells_of_two_lines() -> None:
    assert delimited_rows('file,x\n1,"a\nb"\n\n2,c\n', has_file) == [
        (1, ["file", "x"]), (3, ["1", "a\nb"]), (5, ["2", "c"]),
    ]  # fmt: skip


def test_quotes_out_of_order() -> None:
    with pytest.raises(ValueError, match="line 2: is not a readable CSV"):
        delimited_rows('file,x\n1,"a\n', has_file)
    assert delimited_rows('file,x\n1,"5"" end" of\n', has_file, strict=False)[1] == (2, ["1", '5" end of'])
