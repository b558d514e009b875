"""Words for people: long lists cut short, strangers' names made printable, commands that can be pasted into a shell."""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Iterable
from pathlib import Path

__all__ = ["command_line", "counted", "first_few", "printable"]


def command_line(*words: object) -> str:
    """A command to paste into a shell: names with blanks, quotes and the like are quoted, a Path is no option."""
    texts = [_no_option(word) if isinstance(word, Path) else str(word) for word in words]
    return subprocess.list2cmdline(texts) if os.name == "nt" else shlex.join(texts)


def counted(number: int, noun: str) -> str:
    """A number and its noun: "1 gene", "1,237 images"."""
    return f"{number:,} {noun}{'s' * (number != 1)}"


def first_few(names: Iterable[object], most: int = 5, separator: str = ", ") -> str:
    """The first names, and how many more there are: "oak, palm and 3 more"."""
    listed = [str(name) for name in names]
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return separator.join(listed[:most]) + more


def printable(text: str) -> str:
    """A text from a file or a server that may be anyone's; what cannot be printed becomes a question mark."""
    return "".join(character if character.isprintable() else "?" for character in text)


def _no_option(path: Path) -> str:
    return f".{os.sep}{path}" if str(path).startswith("-") else str(path)
