"""`lsl-train --folds`: cross-validation behind a progress bar for each fold."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsl_shared.process.terminal import say
from lsl_trainer.runs.bar import TrainingBar

if TYPE_CHECKING:
    from lsl_trainer.learning.algorithm import TwoStepTraining
    from lsl_trainer.runs.out_of_fold import CrossValidation
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["cross_validate_to"]


def cross_validate_to(store: Path, config: TrainConfig, out: Path, folds: int, resume: bool) -> None:
    """Runs the cross-validation, says how each fold begins, and at the end what all came to."""
    from lsl_trainer.runs.folds import cross_validate

    with TrainingBar() as bar:

        def start(number: int, training: TwoStepTraining) -> None:
            data = training.data
            bar.end()
            say(f"fold {number} of {folds}: {len(data.fine):,} fine labels to learn, {len(data.test):,} held out")
            bar.begin(f"fold {number}", training.total_images)

        found = cross_validate(store, config, out, folds, resume=resume, on_start=start, on_images=bar)
    _tell(found)


def _tell(found: CrossValidation) -> None:
    for fold in found.folds:
        say(f"fold {fold.number}: {fold.accuracy:6.1%} right of {fold.n_images:,} images of {fold.n_genes:,} groups")
    band = found.intervals["accuracy"]
    say(f"together: {band.value:.1%} right (95 % interval {band.low:.1%} … {band.high:.1%})")
    for note in found.notes:
        say(f"note: {note}")
    say(f"report: {found.path / 'report.html'}   models: {found.path / 'fold-1' / 'model'} …")
