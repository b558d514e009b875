"""Stages and stage ranges of the fly as tables write them: "13-16", "stage 9", "9.0", "4–6"; 6-Apr is 4-6."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

from lsl_shared.errors import LabelError
from lsl_shared.fly import STAGE_RANGES, STAGES
from lsl_shared.tables.damage import Damage, damage_of, whole_number
from lsl_tools.tables.label_columns import CURE

__all__ = [
    "EARLY",
    "RANGE_OF_CODE",
    "are_codes",
    "is_fish_range",
    "is_turned",
    "looks_like_fly",
    "range_of_stage",
    "read_range",
    "read_stage",
    "reconcile",
]

EARLY: Final = ("1", "2", "3")
"""Stages without a fine class."""
RANGE_OF_CODE: Final = {str(code): name for code, name in enumerate(STAGE_RANGES, 1)}
"""Stage codes of the BDGP, "1" … "6" → "1-3" … "13-17"."""
_DASHES: Final = re.compile(r"\s*[-‐‑‒–—−]\s*")
_PREFIX: Final = re.compile(r"^stages?[\s_]*", re.IGNORECASE)
_LAST: Final = 17
_FISH: Final = ("4-5", "6-7", "8-9", "10-")
"""Ranges of Fly-FISH that are none of the BDGP's."""
_OTHERWISE: Final = "; ranges that are not the BDGP's need a column of another name"


def read_range(text: str) -> str:
    """The stage range that a text means, '' for ''. A date is the range that it was typed from. Raises LabelError."""
    name = _plain_range(text)
    name = _of_date(damage_of(text.strip())) if name and name not in STAGE_RANGES else name
    if text.strip() and not name:
        raise LabelError(f"stage_range {text!r} {_why_no_range(text)}")
    return name


def read_stage(text: str) -> str:
    """The stage that a text means, 1 … 17, '' for ''. Raises LabelError."""
    plain = _PREFIX.sub("", text.strip())
    name = whole_number(plain) or plain
    if name and name not in (*EARLY, *STAGES):
        damage = damage_of(text.strip())
        turned = f"{damage.kind}, made by a spreadsheet: {CURE}" if damage else "not a whole stage from 1 to 17"
        raise LabelError(f"stage {text!r} is {turned}; leave it empty where it is not known")
    return name


def range_of_stage(stage: str) -> str:
    """The stage range in which a stage from `read_stage` lies, '' for ''."""
    return next((name for name in STAGE_RANGES if stage and _holds(name, int(stage))), "")


def reconcile(stage: str, stage_range: str) -> tuple[str, str]:
    """Fine and coarse label from both texts: a known stage implies its range, 1 to 3 have no fine class.

    Raises LabelError for an unknown or contradictory text.
    """
    fine, coarse = read_stage(stage), read_range(stage_range)
    implied = range_of_stage(fine)
    if coarse and implied and coarse != implied:
        raise LabelError(f"stage {fine} lies in {implied}, but stage_range says {coarse}: correct or empty one")
    return ("" if fine in EARLY else fine), coarse or implied


def looks_like_fly(task: str, texts: Iterable[str]) -> bool:
    """Whether the texts that are not empty are stages or ranges of the fly.

    At least half of them must be; one range that the BDGP alone has is enough, and ranges of Fly-FISH without such a
    one are not the BDGP's.
    """
    given = [text for text in texts if text.strip()]
    read = {text: _reads(task, text) for text in set(given)}
    if task == "stage_range":
        if are_codes(read) or set(read.values()) - {"", "1-3"}:
            return True
        if any(map(is_fish_range, read)):
            return False
    return bool(given) and sum(bool(read[text]) for text in given) * 2 >= len(given)


def are_codes(texts: Iterable[str]) -> bool:
    """Whether all texts, and there are some, are stage codes of the BDGP, 1 to 6."""
    given = [text for text in texts if text.strip()]
    return bool(given) and all((whole_number(text) or text) in RANGE_OF_CODE for text in given)


def is_fish_range(text: str) -> bool:
    """Whether a text is a range of Fly-FISH that is none of the BDGP's."""
    return _plain_range(text) in _FISH


def is_turned(task: str, text: str) -> bool:
    """Whether a program had turned the text of a stage or a range, which can be read nevertheless."""
    if task == "stage":
        return bool(whole_number(_PREFIX.sub("", text)))
    return bool(damage_of(text) or whole_number(text))


def _plain_range(text: str) -> str:
    name = _DASHES.sub("-", _PREFIX.sub("", text.strip()))
    return "13-17" if name == "13-16" else name


def _of_date(damage: Damage | None) -> str:
    """The range that became a date: the only pair that can be stages, if it is a range."""
    pairs = damage.pairs if damage else frozenset()
    ranges = [f"{first}-{last}" for first, last in pairs if first < last <= _LAST]
    return ranges[0] if len(ranges) == 1 and ranges[0] in STAGE_RANGES else ""


def _why_no_range(text: str) -> str:
    known = f"not one of {', '.join(STAGE_RANGES)}"
    if damage := damage_of(text.strip()):
        return f"is {damage.kind}, made by a spreadsheet, of what is {known}: {CURE}"
    if is_fish_range(text):
        own = "put such ranges into a column of their own, --task stage:COLUMN"
        return f"is a range of Fly-FISH, {known}: give the stage, leave it empty, or {own}"
    if text.strip().isdigit():
        return f"is {known}: a single number is a stage or a code, write the range"
    return f"is {known}{_OTHERWISE}"


def _reads(task: str, text: str) -> str:
    try:
        return read_stage(text) if task == "stage" else read_range(text)
    except LabelError:
        return ""


def _holds(name: str, stage: int) -> bool:
    first, last = name.split("-")
    return int(first) <= stage <= int(last)
