"""Words for people: long lists cut short, and names from strangers without characters that steer a terminal."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["first_few", "printable"]


def first_few(names: Iterable[object], most: int = 5, separator: str = ", ") -> str:
    """The first names, and how many more there are: "oak, palm and 3 more"."""
    listed = [str(name) for name in names]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return separator.join(listed[:most]) + more


def printable(text: str) -> str:
    """A text from a file or a server that may be anyone's; what cannot be printed becomes a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text)
