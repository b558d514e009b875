"""Dates that a spreadsheet made of a cell such as 4-6: which two numbers it was typed from."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from functools import lru_cache
from typing import Final

from lsl_shared.tables.months import is_also_a_word, month_of

__all__ = ["FIRST_SERIAL", "LAST_SERIAL", "Pair", "date_pairs", "is_serial", "serial_pair"]

Pair = tuple[int, int]
"""Two numbers of a date that were typed, the smaller first."""
FIRST_SERIAL: Final = 36526
"""2000-01-01 as Excel counts days."""
LAST_SERIAL: Final = 51501
"""2040-12-31."""
_EPOCH: Final = date(1899, 12, 30)
_TIME: Final = re.compile(
    r"[T ]\s*(?:0?0:00(?::00)?(?:\.0+)?|12:00(?::00)?\s*AM)\s*(?:Z|UTC|[+]00:?00)?$", re.IGNORECASE
)
_WEEKDAY: Final = re.compile(r"^[^\W\d]+\.?,\s+")
_YEAR: Final = r"(?:[-./ ,]{1,2}(?:de )?(\d{4}|\d\d))?\.?"
_DAY_MONTH: Final = re.compile(rf"(\d{{1,2}})(?:st|nd|rd|th)?([-/ ]|\. ?)(?:de )?([^\W\d_]+)\.?{_YEAR}")
_MONTH_YEAR: Final = re.compile(r"([^\W\d_]+)\.?(?:([-/.])(\d\d|\d{4})|( )(\d{1,2}|\d{4})\.?)")
_MONTH_DAY_YEAR: Final = re.compile(r"([^\W\d_]+)\.? (\d{1,2}), (\d{4})")
_YEAR_FIRST: Final = re.compile(r"\d{4}([-./])(\d{1,2})\1(\d{1,2})\.?")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-./])(\d{1,2})\2(\d{4})\.?")
_SHORT: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d\d)|(\d\d)([-.])(\d\d)\5(\d\d)")
_DAY_MONTH_DOTS: Final = re.compile(r"(\d{1,2})\.\s?(\d{1,2})\.")
_EASTERN: Final = re.compile(r"(?:\d{2,4}\s?[年년]\s?)?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")


@lru_cache(4096)
def date_pairs(text: str) -> frozenset[Pair]:
    """What may have been typed where a cell reads as a date: {(4, 6)} for 6-Apr, 04. Jun, 2026-04-06, 06.04.2026.

    Short dates such as 10/11/12 may be read in several ways. Empty for what is no date.
    """
    plain = _TIME.sub("", text.strip())
    found = {_sorted(pair) for pair in _readings(_WEEKDAY.sub("", plain))}
    return frozenset(found)


def is_serial(text: str) -> bool:
    """Whether a whole number lies where Excel counts the days from 2000 to 2040."""
    return len(text) == 5 and text.isascii() and text.isdigit() and FIRST_SERIAL <= int(text) <= LAST_SERIAL


def serial_pair(text: str) -> Pair:
    """Day and month of a serial number, the smaller first."""
    day = _EPOCH + timedelta(days=int(text))
    return _sorted((day.month, day.day))


def _readings(text: str) -> Iterator[Pair]:
    """Every way to read a text as a date, as (one number, the other) of those typed without the year."""
    yield from _with_names(text)
    if match := _YEAR_FIRST.fullmatch(text):
        yield from _days((int(match[2]), int(match[3])))
    if match := _YEAR_LAST.fullmatch(text):
        yield from _days((int(match[1]), int(match[3])))
    if match := _DAY_MONTH_DOTS.fullmatch(text):
        yield from _days((int(match[1]), int(match[2])))
    if match := _EASTERN.fullmatch(text):
        yield from _days((int(match[1]), int(match[2])))
    if match := _SHORT.fullmatch(text):
        first, second, third = (int(part) for part in match.groups() if part and part.isdigit())
        yield from _days((first, second))
        yield from _days((second, third))


def _with_names(text: str) -> Iterator[Pair]:
    match = _DAY_MONTH.fullmatch(text)
    if match and (month := _month(match[3], match[2] if not match[4] else "-")):
        yield from _days((month, int(match[1])))
    match = _MONTH_DAY_YEAR.fullmatch(text)
    if match and (month := month_of(match[1])):
        yield from _days((month, int(match[2])))
    match = _MONTH_YEAR.fullmatch(text)
    if match and (month := _month(match[1], match[2] or match[4])):
        yield month, int(match[3] or match[5])


def _month(name: str, separator: str) -> int | None:
    """The month; a name that is more often another word counts only where spreadsheets put it: 10-set, 10/set."""
    return None if separator not in "-/" and is_also_a_word(name) else month_of(name)


def _days(pair: Pair) -> Iterator[Pair]:
    """The pair if one of the two is a month and the other a day."""
    small, large = _sorted(pair)
    if 1 <= small <= 12 and large <= 31:
        yield pair


def _sorted(pair: Pair) -> Pair:
    return min(pair), max(pair)
