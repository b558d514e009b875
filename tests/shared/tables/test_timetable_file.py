from __future__ import annotations

from pathlib import Path

import pytest

from lsl_shared import DataFileError, read_timetable


def test_a_table_in_any_order_of_columns(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("End;Class;Begin;Unit\n2,5;young;0;hours\n9;old;2,5;hours\n")
    table = read_timetable(tmp_path / "t.csv")
    assert (table.classes, table.begin, table.end) == (("young", "old"), (0.0, 2.5), (2.5, 9.0))
    assert table.unit == "hours"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "lacks a header"),
        ("class,begin,end\n", "no class"),
        ("class,begin,end\n4,soon,5\n", "line 2: begin is 'soon'"),
        ("class,begin,end\n4,1,5\n4,5,6\n", "the class 4 twice"),
        ("class,begin,end\n4,1,5\n5,4,6\n", "before"),
        ("class,begin,end,unit\n4,1,5,h\n5,5,6,min\n", "several units"),
    ],
)
def test_what_is_wrong_is_told(tmp_path: Path, text: str, told: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DataFileError, match=told):
        read_timetable(tmp_path / "t.csv")
