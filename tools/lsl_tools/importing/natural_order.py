"""The order in which people list names with numbers: "4" before "10", "1-3" before "11-12"."""

from __future__ import annotations

import re

__all__ = ["natural_key"]

_DIGITS = re.compile(r"([0-9]+)")


def natural_key(text: str) -> tuple[tuple[tuple[int, str], ...], str]:
    """Sort key: runs of digits by value, the rest without regard to case, then the text itself."""
    parts = _DIGITS.split(text)
    return tuple(_part(part, index % 2 == 1) for index, part in enumerate(parts)), text


def _part(part: str, is_number: bool) -> tuple[int, str]:
    digits = part.lstrip("0")
    return (len(digits), digits) if is_number else (0, part.casefold())
