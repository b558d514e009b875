"""`lsl-train`: one training behind a progress bar, and what is said before, within and after it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from lsl_shared.process.terminal import duration, say
from lsl_shared.wording import command_line
from lsl_trainer.runs.bar import TrainingBar
from lsl_trainer.runs.run_folder import MODEL

if TYPE_CHECKING:
    from lsl_trainer.choosing.choice import Choice
    from lsl_trainer.learning.algorithm import TwoStepTraining
    from lsl_trainer.learning.epoch import Epoch
    from lsl_trainer.runs.training import Run
    from lsl_trainer.settings.config import TrainConfig

__all__ = ["train_to"]


def train_to(store: Path, config: TrainConfig, out: Path, resume: bool) -> None:
    """Trains, and says how long it will take, how it goes, and where the model is."""
    from lsl_trainer.runs.callbacks import Callbacks
    from lsl_trainer.runs.training import train_run

    with TrainingBar() as bar:

        def start(training: TwoStepTraining) -> None:
            _announce(training)
            bar.begin("training", round(training.total_passes), training.passes)

        def choice(made: Choice) -> None:
            bar.end()
            for line in made.lines:
                say(line)

        def fold(title: str, training: TwoStepTraining) -> None:
            bar.begin(title, round(training.total_passes), training.passes)

        def step(title: str) -> None:
            bar.end()
            say(title)

        callbacks = Callbacks(start, bar, _tell_epoch, bar.begin, fold, choice, step)
        run = train_run(store, config, out, callbacks, resume=resume)
    _tell(run, store)


def _announce(training: TwoStepTraining) -> None:
    from lsl_trainer.data.notes import coarse_told
    from lsl_trainer.runs.estimate import estimated_seconds

    data = training.data
    coarse, count = coarse_told(data), len(data.coarsely_labelled)
    learnt = f"{count:,} images with {coarse}, " if coarse and count else ""
    say(f"training on {learnt}{len(data.fine):,} with {data.fine_space.name}; {len(data.test):,} held out for the test")
    say(f"this will take about {duration(estimated_seconds(training))}")


def _tell_epoch(epoch: Epoch) -> None:
    if epoch.number == 1 or epoch.number % 5 == 0:
        right = "" if epoch.accuracy is None else f"   right {epoch.accuracy:6.1%}"
        say(f"{epoch.step:>8} epoch {epoch.number:3d}   loss {epoch.loss:6.3f}{right}")


def _tell(run: Run, store: Path) -> None:
    from lsl_runtime.model.bundles import naming

    for note in run.notes:
        say(f"note: {note}")
    say(f"model: {run.path / MODEL}   report: {run.path / 'report.html'}")
    say(f"next: {command_line('lsl-annotate', store, *naming(run.path / MODEL))}")
