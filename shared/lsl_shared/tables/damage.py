"""Cells that a spreadsheet or a statistics program turned into something else: dates, serial numbers, errors."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from lsl_shared.tables.dates import Pair, date_pairs, is_serial, serial_pair

__all__ = ["Damage", "damage_of", "whole_number"]

_PERHAPS: Final = re.compile(r"[\d#+-]|Err|FEHLER|Fehler|[^\W\d_]+[-/., ]")
_ROUNDED: Final = re.compile(r"[+-]?\d(?:[.,]\d+)?[eE][+-]\d{2,3}")
_ERROR: Final = re.compile(r"#(?:#+|[A-ZÀ-Þ]+[!?]|DIV/0!)|(?:Err|FEHLER|Fehler):\d+|#{2,}")
_WITH_TIME: Final = re.compile(r"(\d{1,4}[-./]\d{1,2}[-./]\d{1,4})[T ]\d{1,2}:\d\d.*")
_WHOLE: Final = re.compile(r"([+-]?\d+)[.,]0+")


@dataclass(frozen=True)
class Damage:
    """What became of a cell, in words that follow "is": "a date"."""

    kind: str
    pairs: frozenset[Pair] = frozenset()
    """The numbers that it may have been typed from, the smaller first."""


@lru_cache(4096)
def damage_of(text: str) -> Damage | None:
    """What a program turned a cell into; None for one that may be as it was typed."""
    if not _PERHAPS.match(text):
        return None
    number = whole_number(text) or text
    if is_serial(number):
        return Damage("a date's serial number", frozenset((serial_pair(number),)))
    if _ROUNDED.fullmatch(text):
        return Damage("a rounded number")
    if _ERROR.fullmatch(text):
        return Damage("a spreadsheet's error")
    pairs = date_pairs(text)
    return Damage("a date", pairs) if pairs or _has_time(text) else None


def _has_time(text: str) -> bool:
    """Whether a date carries a time of day, as a midnight in another time zone does: its day may be another one."""
    match = _WITH_TIME.fullmatch(text)
    return bool(match and date_pairs(match[1]))


def whole_number(text: str) -> str:
    """The whole number that was written as a fraction, 14 of 14.0 and 14,00; '' for any other text."""
    match = _WHOLE.fullmatch(text)
    return match[1] if match else ""
