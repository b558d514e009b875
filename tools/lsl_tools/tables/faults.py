"""What is wrong with a table, all of it told at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

__all__ = ["Fault", "listed_faults"]

_MOST: Final = 10


@dataclass(frozen=True, order=True)
class Fault:
    """Something wrong in one line of a table; line 0 is none in particular."""

    line: int
    text: str

    def __str__(self) -> str:
        return f"line {self.line}: {self.text}" if self.line else self.text


def listed_faults(told: Sequence[str]) -> str:
    """One fault as it is, several one a line with their count, ten at most."""
    if len(told) == 1:
        return told[0]
    more = [f"and {len(told) - _MOST:,} more"] if len(told) > _MOST else []
    return "\n  ".join([f"{len(told):,} faults:", *told[:_MOST], *more])
