"""The command lsl-train."""

from __future__ import annotations

import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from lsl_shared.errors import ConfigError
from lsl_shared.process.terminal import Debug, new_app, plain_errors, say
from lsl_shared.wording import command_line
from lsl_trainer.layers.cli import score_layers_to
from lsl_trainer.runs.folds_cli import cross_validate_to
from lsl_trainer.runs.folds_file import folds_of
from lsl_trainer.runs.going_on import Typed, interrupted_run
from lsl_trainer.runs.run_folder import CONFIG
from lsl_trainer.runs.train_cli import train_to
from lsl_trainer.settings.cli_settings import ConfigOption, PresetOption, chosen_settings, require_torch, takes_settings
from lsl_trainer.settings.setting import METHOD, TRANSFER

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
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="Added to an interrupted command: go on with its run, in --out or the newest in runs/."
        ),
    ] = False,
    debug: Debug = False,
) -> None:
    """Train a network on few fine labels with the help of many coarse ones.

    Without an option it tries what suits the store, says what it tried, and trains the best: method auto. The paper's
    method, --method feature-level, learns the coarse labels, then the fine ones, and fine-tunes against reference sets.
    The run's folder gets a model bundle for lsl-annotate, report.html, metrics.json and, of a network, checkpoints.

    Example:  lsl-train store.h5

    Example:  lsl-train store.h5 --fine stage --coarse stage_range
    """
    folder = out
    with plain_errors(debug, lambda: _going_on(store, folder)):
        require_torch()
        _settle_process()
        _check_store(store)
        if layers is not None and (folds is not None or resume):
            raise ConfigError(
                "--layers trains nothing, so there is nothing to fold or resume: leave --folds and --resume out"
            )
        if resume:
            config, folder = interrupted_run(out, Typed(given, preset, config_file, folds))
            folds = folds_of(folder)
        else:
            config, folder = chosen_settings(preset, config_file, given, automatic=True), out or _new_folder()
        found = "" if preset or config_file or resume else _found_device()
        say(f"preset {config.preset}{found}, method {config.method}, run {folder}")
        if layers is not None:
            score_layers_to(store, config, folder, layers)
        elif folds is not None:
            cross_validate_to(store, config, folder, folds, resume)
        else:
            train_to(store, config, folder, resume)


def _going_on(store: Path, folder: Path | None) -> str:
    """What goes on with an interrupted training."""
    if folder is None or not (folder / CONFIG).exists():
        return "Nothing was begun."
    return f"{command_line('lsl-train', store, '--resume', '--out', folder)} goes on after the last whole epoch."


def _settle_process() -> None:
    """What a process needs before torch is imported; only the first of several speaks."""
    # Threads that spin for long while they wait make a training on a busy machine 10 times slower.
    os.environ.setdefault("GOMP_SPINCOUNT", "10000")
    if os.environ.get("RANK", "0") != "0":
        sys.stdout = sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115, the first process speaks for all


def _check_store(store: Path) -> None:
    """Refuses what is no store before anything else is done."""
    from lsl_shared.files.store import Store

    Store(store).close()


def _found_device() -> str:
    from lsl_trainer.settings.device import best_device

    return f" ({best_device().type} found)"


def _new_folder() -> Path:
    if "WORLD_SIZE" in os.environ:
        raise ConfigError("processes started by torchrun need --out RUN, the same for all")
    return Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")


def main() -> None:
    """Runs the command line."""
    app()
