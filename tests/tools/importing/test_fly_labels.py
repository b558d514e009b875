from __future__ import annotations

import pytest

from lsl_shared.errors import LabelError
from lsl_tools.importing.fly_labels import looks_like_fly, read_range, read_stage, reconcile


@pytest.mark.parametrize(
    ("text", "name"),
    [("", ""), (" 4-6 ", "4-6"), ("13-16", "13-17"), ("13-17", "13-17"), ("stage1-3", "1-3"), ("Stage 9–10", "9-10"),
     ("11 - 12", "11-12")],
)  # fmt: skip
def test_ranges(text: str, name: str) -> None:
    assert read_range(text) == name


@pytest.mark.parametrize("text", ["06. Apr", "4", "4-7", "4-6-8", "egg"])
def test_ranges_that_are_none(text: str) -> None:
    with pytest.raises(LabelError, match="spreadsheet programs turn 4-6 into a date"):
        read_range(text)


@pytest.mark.parametrize(("text", "name"), [("", ""), ("9", "9"), ("9.0", "9"), ("stage 17", "17"), ("2", "2")])
def test_stages(text: str, name: str) -> None:
    assert read_stage(text) == name


@pytest.mark.parametrize("text", ["18", "0", "9.5", "9-10", "09", "late"])
def test_stages_that_are_none(text: str) -> None:
    with pytest.raises(LabelError, match="not a whole stage from 1 to 17"):
        read_stage(text)


@pytest.mark.parametrize(
    ("stage", "stage_range", "expected"),
    [
        ("9", "", ("9", "9-10")),
        ("9", "9-10", ("9", "9-10")),
        ("", "13-16", ("", "13-17")),
        ("17", "13-16", ("17", "13-17")),
        ("2", "", ("", "1-3")),
        ("", "", ("", "")),
    ],
)
def test_a_stage_implies_its_range(stage: str, stage_range: str, expected: tuple[str, str]) -> None:
    assert reconcile(stage, stage_range) == expected


def test_contradiction() -> None:
    with pytest.raises(LabelError, match="stage 9 lies in 9-10, but stage_range says 7-8"):
        reconcile("9", "7-8")


def test_looks_like_fly() -> None:
    assert looks_like_fly("stage", ["4", "", "5.0", "typo"])
    assert not looks_like_fly("stage", ["L1", "L2", "5"])
    assert not looks_like_fly("stage", ["", ""])
    assert looks_like_fly("stage_range", ["13-16"])
