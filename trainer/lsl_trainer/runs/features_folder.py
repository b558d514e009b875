"""Where a run finds what frozen networks give, and leaves what it has computed."""

from __future__ import annotations

from pathlib import Path

from lsl_trainer.frozen.features import FEATURES
from lsl_trainer.runs.folds_file import FOLDS

__all__ = ["features_beside"]


def features_beside(run: Path) -> Path:
    """The folder for it: beside the run, and for a fold beside its cross-validation."""
    whole = run.parent if (run.parent / FOLDS).exists() else run
    return whole.parent / FEATURES
