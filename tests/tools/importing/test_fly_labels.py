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


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("4", "a single number is a stage or a code, write the range"),
        (
            "4-7",
            "not one of 1-3, 4-6, 7-8, 9-10, 11-12, 13-17; ranges that are not the BDGP's need a column of another",
        ),
        ("4-6-8", "not one of 1-3"),
        ("egg", "not one of 1-3"),
        ("4-5", "is a range of Fly-FISH, not one of 1-3"),
        ("stage10-", "is a range of Fly-FISH"),
        ("5-Apr", "is a date, made by a spreadsheet, of what is not one of 1-3, .*: format the column as text"),
        ("46117", "is a date's serial number, made by a spreadsheet"),
        ("10/11/12", "is a date"),
    ],
)
def test_ranges_that_are_none(text: str, told: str) -> None:
    with pytest.raises(LabelError, match=told):
        read_range(text)


@pytest.mark.parametrize(
    ("texts", "name"),
    [
        (("6-Apr", "04-Jun", "04. Jun", "4-juin", "06-abr", "4. Juni 2026", "Apr-06", "4月6日"), "4-6"),
        (("2026-04-06", "2026-04-06 00:00:00", "2026/04/06", "06.04.2026", "04/06/26", "4/6/2026 0:00"), "4-6"),
        (("46118", "46118.0", "46118,00", "46177"), "4-6"),
        (("3-Jan", "01. Mrz", "01-mars", "1-mar", "2026-01-03", "46025"), "1-3"),
        (("8-Jul", "07. Aug", "07-août", "2026-07-08", "46211"), "7-8"),
        (("10-Sep", "09. Okt", "9-Oct", "10-set", "46275"), "9-10"),
        (("12-Nov", "11. Dez", "11-dic", "46338", "2026-12-11"), "11-12"),
    ],
)
def test_ranges_that_became_dates(texts: tuple[str, ...], name: str) -> None:
    assert {text: read_range(text) for text in texts} == dict.fromkeys(texts, name)


@pytest.mark.parametrize(
    ("text", "name"),
    [("", ""), ("9", "9"), ("9.0", "9"), ("stage 17", "17"), ("2", "2"), ("14,0", "14"), ("14.00", "14")],
)
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


@pytest.mark.parametrize("text", ["6-Apr", "46118", "2026-04-06"])
def test_a_date_is_no_stage(text: str) -> None:
    with pytest.raises(LabelError, match="made by a spreadsheet: format the column as text"):
        read_stage(text)


@pytest.mark.parametrize(
    ("texts", "fly"),
    [
        (["egg", "larva", "pupa", "13-16"], True),  # a range of the BDGP alone
        (["egg", "larva", "pupa", "6-Apr"], True),
        (["1-3", "1-3", "4-5"], False),  # Fly-FISH
        (["4-5", "4-6"], True),
        (["1", "6"], True),  # codes of the BDGP
        (["1", "7"], False),
        (["1-3", "egg", "larva"], False),
    ],
)
def test_a_range_of_the_bdgp_makes_the_column_the_flys(texts: list[str], fly: bool) -> None:
    assert looks_like_fly("stage_range", texts) is fly


def test_looks_like_fly() -> None:
    assert looks_like_fly("stage", ["4", "", "5.0", "typo"])
    assert not looks_like_fly("stage", ["L1", "L2", "5"])
    assert not looks_like_fly("stage", ["", ""])
    assert looks_like_fly("stage_range", ["13-16"])
