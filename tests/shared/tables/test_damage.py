from __future__ import annotations

import pytest

from lsl_shared.tables.damage import damage_of, whole_number
from lsl_shared.tables.dates import date_pairs


@pytest.mark.parametrize(
    "text",
    ["6-Apr", "04-Jun", "04. Jun", "4. Juni 2026", "6-avr.", "04-juin", "4 de junio de 2026", "04-giu", "06/abr",
     "4-jun", "2026-04-06", "2026-04-06 00:00:00", "2026-04-06T00:00:00Z", "2026/4/6", "06.04.2026", "6.4.2026",
     "4/6/2026", "4/6/2026 12:00:00 AM", "Monday, April 6, 2026", "April 6, 2026", "Apr-06", "Apr 6", "4月6日",
     "2026年4月6日", "6-Apr-26", "04.06."],
)  # fmt: skip
def test_dates_in_many_languages(text: str) -> None:
    assert date_pairs(text) == {(4, 6)}
    damage = damage_of(text)
    assert damage is not None and damage.kind == "a date"


@pytest.mark.parametrize("text", ["2026-04-05T22:00:00.000Z", "2026-04-06 02:00:00", "4/5/2026 11:00 PM"])
def test_a_time_of_day_hides_what_was_typed(text: str) -> None:
    damage = damage_of(text)
    assert damage is not None and (damage.kind, damage.pairs) == ("a date", frozenset())


def test_short_dates_are_read_in_two_ways() -> None:
    assert date_pairs("10/11/12") == {(10, 11), (11, 12)}
    assert date_pairs("04/06/26") == {(4, 6), (6, 26)}


@pytest.mark.parametrize(
    "text",
    ["4-6", "13-17", "4-6-8", "14-3-3", "dec-1", "Sep2", "L1", "stage 9", "3 gen", "set 10", "10 set", "30%", "1.2.10",
     "5-HT1A", "18w", "E(spl)m8-HLH", "1.28", "0.5", "14", "0012345", "99999", "1E5", "wild type", "marten 6", "32-Apr",
     "6-Foo", "31.4.15.2", "", "x-1"],
)  # fmt: skip
def test_what_is_as_it_was_typed(text: str) -> None:
    assert damage_of(text) is None


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("46118", "a date's serial number"),
        ("46118.0", "a date's serial number"),
        ("46118,00", "a date's serial number"),
        ("1.23457E+19", "a rounded number"),
        ("1,23456789012346E+019", "a rounded number"),
        ("1e+05", "a rounded number"),
        ("#NAME?", "a spreadsheet's error"),
        ("#WERT!", "a spreadsheet's error"),
        ("#DIV/0!", "a spreadsheet's error"),
        ("########", "a spreadsheet's error"),
        ("Err:502", "a spreadsheet's error"),
    ],
)
def test_other_damage(text: str, kind: str) -> None:
    damage = damage_of(text)
    assert damage is not None and damage.kind == kind
    assert damage.pairs == (frozenset({(4, 6)}) if kind.startswith("a date") else frozenset())


@pytest.mark.parametrize(
    ("text", "number"), [("14.0", "14"), ("14,0", "14"), ("0.00", "0"), ("14", ""), ("14.5", ""), ("x.0", "")]
)
def test_whole_numbers(text: str, number: str) -> None:
    assert whole_number(text) == number
