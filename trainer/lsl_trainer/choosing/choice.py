"""What was chosen and why, and the file `choice.json` in the run's folder that holds it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lsl_shared.files.atomic import write_text

__all__ = ["CHOICE", "Choice", "Scored", "read_choice", "read_trials", "write_choice", "write_trials"]

CHOICE, _TRIALS = "choice.json", "trials.json"
_FORMAT, _VERSION = "lsl-choice", 1


@dataclass(frozen=True)
class Scored:
    """A candidate that was tried, or was not."""

    name: str
    score: float | None
    """Over left-out images; None where it was not tried."""
    fine: float | None
    """The share of left-out fine labels that it gave."""
    coarse: float | None
    """The share of left-out coarse labels that its answers agree with."""
    images: int
    """How many left-out images tell."""
    seconds: float
    """What its training takes, counted."""
    told: str = ""
    """Why it was not tried."""


@dataclass(frozen=True)
class Choice:
    """What was chosen, and why."""

    name: str
    settings: Mapping[str, Any]
    """Over those that the training began with."""
    lines: tuple[str, str, str]
    """What is seen; what was tried; what was chosen."""
    scores: tuple[Scored, ...]
    """All candidates, the best first."""


def write_choice(folder: Path, choice: Choice) -> None:
    """Writes the choice of a run, and removes what was kept of its trials."""
    told = {"format": _FORMAT, "version": _VERSION, **asdict(choice)}
    write_text(folder / CHOICE, json.dumps(told, indent=1, ensure_ascii=False))
    (folder / _TRIALS).unlink(missing_ok=True)


def read_choice(folder: Path) -> Choice | None:
    """The choice of a run; None where nothing was chosen."""
    path = folder / CHOICE
    if not path.exists():
        return None
    told = json.loads(path.read_text(encoding="utf-8"))
    settings = {name: tuple(value) if isinstance(value, list) else value for name, value in told["settings"].items()}
    scores = tuple(Scored(**one) for one in told["scores"])
    first, second, third = told["lines"]
    return Choice(told["name"], settings, (first, second, third), scores)


def write_trials(folder: Path | None, key: str, trials: Mapping[str, Any]) -> None:
    """Keeps the marks of trials by the candidate's name, for a run that is interrupted while it chooses."""
    if folder is not None:
        write_text(folder / _TRIALS, json.dumps({"key": key, "trials": trials}))


def read_trials(folder: Path | None, key: str) -> dict[str, Any]:
    """The marks of trials that were finished on the same data and settings, which `key` tells."""
    path = folder / _TRIALS if folder else None
    if path is None or not path.exists():
        return {}
    told = json.loads(path.read_text(encoding="utf-8"))
    return dict(told["trials"]) if told["key"] == key else {}
