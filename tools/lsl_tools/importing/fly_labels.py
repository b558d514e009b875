"""Stages and stage ranges of the fly as tables write them: "13-16", "stage 9", "9.0", "4–6"."""

from __future__ import annotations

import re
from collections.abc import Iterable

from lsl_shared.errors import LabelError
from lsl_shared.fly import STAGE_RANGES, STAGES

__all__ = ["looks_like_fly", "read_range", "read_stage", "reconcile"]

_DASHES = re.compile(r"\s*[-‐‑‒–—]\s*")
_PREFIX = re.compile(r"^stages?[\s_]*", re.IGNORECASE)
_FLOAT = re.compile(r"\.0+$")
_EARLY = ("1", "2", "3")
_SPREADSHEET = "(spreadsheet programs turn 4-6 into a date: format the column as text)"


def read_range(text: str) -> str:
    """The stage range that a text means, '' for ''. Raises LabelError."""
    name = _DASHES.sub("-", _PREFIX.sub("", text.strip()))
    name = "13-17" if name == "13-16" else name
    if name and name not in STAGE_RANGES:
        raise LabelError(f"stage_range {text!r} is not one of {', '.join(STAGE_RANGES)} {_SPREADSHEET}")
    return name


def read_stage(text: str) -> str:
    """The stage that a text means, 1 … 17, '' for ''. Raises LabelError."""
    name = _FLOAT.sub("", _PREFIX.sub("", text.strip()))
    if name and name not in (*_EARLY, *STAGES):
        raise LabelError(f"stage {text!r} is not a whole stage from 1 to 17; leave it empty where it is not known")
    return name


def reconcile(stage: str, stage_range: str) -> tuple[str, str]:
    """Fine and coarse label from both texts: a known stage implies its range, 1 to 3 have no fine class.

    Raises LabelError for an unknown or contradictory text.
    """
    fine, coarse = read_stage(stage), read_range(stage_range)
    implied = next((name for name in STAGE_RANGES if fine and _holds(name, int(fine))), "")
    if coarse and implied and coarse != implied:
        raise LabelError(f"stage {fine} lies in {implied}, but stage_range says {coarse}: correct or empty one")
    return ("" if fine in _EARLY else fine), coarse or implied


def looks_like_fly(task: str, texts: Iterable[str]) -> bool:
    """Whether at least half of the texts that are not empty are stages or ranges of the fly."""
    known = [_reads(task, text) for text in texts if text.strip()]
    return bool(known) and sum(known) * 2 >= len(known)


def _reads(task: str, text: str) -> bool:
    try:
        return bool(read_stage(text) if task == "stage" else read_range(text))
    except LabelError:
        return False


def _holds(name: str, stage: int) -> bool:
    first, last = name.split("-")
    return int(first) <= stage <= int(last)
