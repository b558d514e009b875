"""What a page asks the server to keep: checked before anything is done with it, for it may come from anyone."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from lsl_shared.errors import ConfigError
from lsl_tools.review.answer import KINDS, UNDO

__all__ = ["MOST_ROWS", "Asked", "checked_name", "parse"]

MOST_ROWS: Final = 5000
"""Images that may be answered at once."""
_LONGEST: Final = 200
_KEY = re.compile(r"[0-9A-Za-z-]{8,64}")


@dataclass(frozen=True)
class Asked:
    """One answer to some images, by one person."""

    kind: str
    rows: tuple[int, ...]
    value: str
    task: str
    who: str
    key: str
    force: bool
    """Whether a label may contradict the coarse one, which is then corrected as well."""


def parse(entry: Any, count: int) -> Asked:
    """The answer in a request to a store of `count` images. Raises ConfigError that says what is wrong with it."""
    if not isinstance(entry, dict):
        raise ConfigError("an answer is a JSON object")
    kind, rows = _text(entry, "kind"), entry.get("rows", [])
    if kind not in KINDS or kind == UNDO:
        raise ConfigError(f"kind must be one of {', '.join(KINDS[:-1])}; received {kind!r}")
    if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ROWS:
        raise ConfigError(f"rows must be a list of 1 to {MOST_ROWS:,} images")
    if not all(type(row) is int and 0 <= row < count for row in rows):
        raise ConfigError(f"rows must be whole numbers from 0 to {count - 1}")
    key = _text(entry, "key")
    if not _KEY.fullmatch(key):
        raise ConfigError("key must be 8 to 64 letters, digits or hyphens")
    return Asked(
        kind=kind,
        rows=tuple(dict.fromkeys(rows)),
        value=_text(entry, "value"),
        task=_text(entry, "task"),
        who=checked_name(entry.get("who")),
        key=key,
        force=entry.get("force") is True,
    )


def checked_name(name: Any) -> str:
    """A person's name: 1 to 64 printable characters. Raises ConfigError."""
    told = name.strip() if isinstance(name, str) else ""
    if not 1 <= len(told) <= 64 or not told.isprintable() or "/" in told:
        raise ConfigError("a name has 1 to 64 printable characters, without a slash")
    return told


def _text(entry: dict[str, Any], name: str) -> str:
    text = entry.get(name, "")
    if not isinstance(text, str) or len(text) > _LONGEST or not text.isprintable():
        raise ConfigError(f"{name} must be a text of at most {_LONGEST} printable characters")
    return text
