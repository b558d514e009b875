"""Lines of a table as people count them."""

from __future__ import annotations

from collections.abc import Sequence

from lsl_shared.wording import first_few

__all__ = ["told_lines"]

_MOST = 10


def told_lines(lines: Sequence[int]) -> str:
    """Words such as "line 4", "lines 4, 5, 9", "lines 4, 5, … and 12 more"; at most ten are listed."""
    return f"line{'s' if len(lines) > 1 else ''} {first_few(lines, _MOST)}"
