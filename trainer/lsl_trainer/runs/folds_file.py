"""`folds.json` in a run's folder: how many folds a cross-validation has, so that it can be resumed."""

from __future__ import annotations

import json
from pathlib import Path

from lsl_shared.files.atomic import write_text

__all__ = ["FOLDS", "folds_of", "write_folds"]

FOLDS = "folds.json"


def folds_of(out: Path) -> int | None:
    """The number of folds of the cross-validation that was begun in `out`; None where none was."""
    path = out / FOLDS
    return int(json.loads(path.read_text())["folds"]) if path.exists() else None


def write_folds(out: Path, folds: int) -> None:
    """Notes the number of folds of a cross-validation that begins in `out`."""
    write_text(out / FOLDS, json.dumps({"folds": folds}))
