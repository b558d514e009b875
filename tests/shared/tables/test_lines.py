from __future__ import annotations

from lsl_shared.tables.lines import told_lines


def test_lines() -> None:
    assert told_lines([4]) == "line 4"
    assert told_lines([4, 5]) == "lines 4, 5"
    assert told_lines(range(2, 14)) == "lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more"
