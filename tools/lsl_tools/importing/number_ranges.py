"""Ranges of numbers as class names: "4-6" allows the fine classes 4, 5 and 6, "10-" all from 10 on."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

__all__ = ["ranges_of_numbers"]

_RANGE: Final = re.compile(r"(?:stages?[\s_]*)?(\d+)(?:\s*([-‐‑‒–—−+])\s*(\d+)?)?", re.IGNORECASE)
_NUMBER: Final = re.compile(r"\d+")


def ranges_of_numbers(coarse: Iterable[str], fine: Sequence[str]) -> dict[str, tuple[str, ...]] | None:
    """The fine classes in each coarse one, where the fine ones are whole numbers and the coarse ones ranges of such.

    None where they are not, where no coarse class is more than a single number, or none holds a fine class.
    """
    found = {name: _RANGE.fullmatch(name.strip()) for name in coarse}
    several = any(match and match[2] for match in found.values())
    if not several or not all(found.values()) or not all(_NUMBER.fullmatch(name) for name in fine):
        return None
    sets = {
        name: tuple(one for one in fine if _holds(match[1], match[2], match[3], int(one)))
        for name, match in found.items()
        if match
    }
    return sets if any(sets.values()) else None


def _holds(first: str, dash: str | None, last: str | None, number: int) -> bool:
    if dash is None:
        return number == int(first)
    return int(first) <= number and (last is None or number <= int(last))
