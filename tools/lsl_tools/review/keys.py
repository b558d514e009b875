"""One key a class, so that an answer is one stroke."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

__all__ = ["LETTERS", "class_keys"]

LETTERS: Final = "abcdefghijkopqrstwy"
"""Keys that no command has: l, m, n, u, v, x and z have one."""


def class_keys(classes: Sequence[str]) -> tuple[str, ...]:
    """The key of each class: its own digit or letter where its name is one, else the next free letter or digit.

    '' where keys have run out; the page then finds the class by its name. Stages 10 to 17 become a to h.
    """
    taken = {name.lower() for name in classes if _is_key(name.lower())}
    free = iter([key for key in (*LETTERS, *"0123456789") if key not in taken])
    keys, used = [], set[str]()
    for name in classes:
        own = name.lower() if _is_key(name.lower()) and name.lower() not in used else next(free, "")
        used.add(own)
        keys.append(own)
    return tuple(keys)


def _is_key(name: str) -> bool:
    return len(name) == 1 and ((name.isascii() and name.isdigit()) or name in LETTERS)
