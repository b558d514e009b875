"""The command lsl-train."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lsl_shared.errors import ConfigError
from lsl_shared.process.terminal import Debug, duration, new_app, plain_errors, progress, say
from lsl_trainer.layers.cli import score_layers_to
from lsl_trainer.runs.folds_cli import cross_validate_to
from lsl_trainer.runs.folds_file import folds_of
from lsl_trainer.settings.cli_settings import ConfigOption, PresetOption, chosen_settings, require_torch, takes_settings
from lsl_trainer.settings.setting import METHOD, TRANSFER

if TYPE_CHECKING:
    from lsl_trainer.learning.algorithm import TwoStepTraining
    from lsl_trainer.learning.epoch import Epoch
    from lsl_trainer.runs.training import Run
    from lsl_trainer.settings.config import TrainConfig

app = new_app("Train a network on few fine labels with the help of many coarse ones.")


@app.command()
@takes_settings()
def train_command(
    given: dict[str, Any],
    store: Annotated[Path, typer.Argument(help="The image store.")] = Path("store.h5"),
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of the run.  \\[default: runs/<date-time>]")
    ] = None,
    preset: PresetOption = None,
    folds: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="Cross-validate: K runs, every gene tested in one of them.", rich_help_panel=METHOD
        ),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="all|3,7",
            help="Train nothing: score the features of these blocks of the backbone, by gene.",
            rich_help_panel=TRANSFER,
        ),
    ] = None,
    config_file: ConfigOption = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run in --out.")] = False,
    debug: Debug = False,
) -> None:
    """Train a network on few fine labels with the help of many coarse ones.

    Step one learns the coarse labels, then the fine ones; step two fine-tunes against reference sets. The run's folder
    gets a model bundle for lsl-annotate, report.html, metrics.json and checkpoints.

    Example:  lsl-train store.h5 --fine stage --coarse stage_range
    """
    with plain_errors(debug, "lsl-train --resume --out RUN goes on after the last whole epoch."):
        require_torch()
        # Threads that spin for long while they wait make a training on a busy machine 10 times slower.
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
        if os.environ.get("RANK", "0") != "0":
            sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115, the first process speaks for all
        from lsl_shared.files.store import Store
        from lsl_trainer.settings.device import best_device

        Store(store).close()
        if resume:
            config, folder = _interrupted(out, given, preset or config_file or folds)
            folds = folds_of(folder)
        else:
            config = chosen_settings(preset, config_file, given)
            folder = out or _new_folder()
        found = "" if preset or config_file or resume else f" ({best_device().type} found)"
        say(f"preset {config.preset}{found}, method {config.method}, run {folder}")
        if layers is not None:
            score_layers_to(store, config, folder, layers)
            return
        if folds is not None:
            cross_validate_to(store, config, folder, folds, resume)
            return
        _tell(_train(store, config, folder, resume), store)


def _new_folder() -> Path:
    if "WORLD_SIZE" in os.environ:
        raise ConfigError("processes started by torchrun need --out RUN, the same for all")
    return Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")


def _interrupted(out: Path | None, given: dict[str, Any], other: object) -> tuple[TrainConfig, Path]:
    """The settings of the run to go on with."""
    from lsl_trainer.runs.training import CONFIG, check_resumable
    from lsl_trainer.settings.config_file import read_config

    if out is None:
        raise ConfigError("--resume needs --out RUN, the run to go on with")
    if given or other:
        raise ConfigError("a run goes on with its own settings: leave out all options but --out beside --resume")
    check_resumable(out)
    return read_config(out / CONFIG), out


def _train(store: Path, config: TrainConfig, folder: Path, resume: bool) -> Run:
    """Trains behind one progress bar over all steps."""
    from contextlib import ExitStack

    from lsl_trainer.runs.training import train

    with ExitStack() as stack:
        advance = None

        def start(training: TwoStepTraining) -> None:
            nonlocal advance
            _announce(training)
            advance = stack.enter_context(progress("training", training.total_images))

        def count(images: int) -> None:
            assert advance is not None
            advance(images)

        return train(store, config, folder, resume=resume, on_start=start, on_images=count, on_epoch=_tell_epoch)


def _announce(training: TwoStepTraining) -> None:
    data = training.data
    coarse = (
        f"{len(data.coarse):,} images with {data.coarse_space.name}, " if data.coarse_space and len(data.coarse) else ""
    )
    say(f"training on {coarse}{len(data.fine):,} with {data.fine_space.name}; {len(data.test):,} held out for the test")
    say(f"this will take about {duration(_estimated_seconds(training))}")


def _estimated_seconds(training: TwoStepTraining) -> float:
    """From the time of a few forward and backward passes on a grey batch; weights and random state stay."""
    import torch

    network, config = training.network, training.config
    images = torch.full((config.descent.batch_size, 3, *training.data.image_size), 0.5, device=network.mean.device)
    network.eval()
    times = []
    for _ in range(4):
        started = time.monotonic()
        network(images)[0].sum().backward()
        network.zero_grad(set_to_none=True)
        times.append(time.monotonic() - started)
    return 1.2 * min(times) / config.descent.batch_size * training.total_passes


def _tell_epoch(epoch: Epoch) -> None:
    if epoch.number == 1 or epoch.number % 5 == 0:
        right = "" if epoch.accuracy is None else f"   right {epoch.accuracy:6.1%}"
        say(f"{epoch.step:>8} epoch {epoch.number:3d}   loss {epoch.loss:6.3f}{right}")


def _tell(run: Run, store: Path) -> None:
    for note in run.notes:
        say(f"note: {note}")
    say(f"model: {run.path / 'model'}   report: {run.path / 'report.html'}")
    say(f"next: lsl-annotate {store}")


def main() -> None:
    """Runs the command line."""
    app()
