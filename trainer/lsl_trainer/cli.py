"""The command lsl-train."""

from __future__ import annotations

import importlib.util
import os
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lsl_shared.errors import ConfigError, LslError
from lsl_shared.terminal import Debug, duration, new_app, plain_errors, progress, say

if TYPE_CHECKING:
    from lsl_trainer.algorithm import TwoStepTraining
    from lsl_trainer.config import TrainConfig
    from lsl_trainer.learn import Epoch
    from lsl_trainer.training import Run

app = new_app("Train a network on few fine labels with the help of many coarse ones.")
_TRAINING, _METHOD = "Training", "Method and data"


@app.command()
def train_command(
    store: Annotated[Path, typer.Argument(help="The image store.")] = Path("store.h5"),
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of the run.  \\[default: runs/<date-time>]")
    ] = None,
    preset: Annotated[
        Literal["tiny", "paper"] | None,
        typer.Option(help="Network and recipe.  \\[default: paper on a GPU, else tiny]"),
    ] = None,
    method: Annotated[
        Literal["plain", "data-level", "feature-level", "gabor"] | None,
        typer.Option(
            help="How much of the two-step method.  \\[default: feature-level, all of it]", rich_help_panel=_METHOD
        ),
    ] = None,
    fine: Annotated[
        str | None,
        typer.Option(
            metavar="TASK", help="The task to learn.  \\[default: the store's fine task]", rich_help_panel=_METHOD
        ),
    ] = None,
    coarse: Annotated[
        str | None,
        typer.Option(
            metavar="TASK", help="The coarse task.  \\[default: the fine task's parent]", rich_help_panel=_METHOD
        ),
    ] = None,
    split: Annotated[
        Literal["gene", "random", "stored"] | None,
        typer.Option(help="Train, calibration and test images.  \\[default: gene]", rich_help_panel=_METHOD),
    ] = None,
    fine_per_class: Annotated[
        int | None,
        typer.Option(metavar="K", help="Use at most K fine labels a class.  \\[default: all]", rich_help_panel=_METHOD),
    ] = None,
    label_seed: Annotated[int | None, typer.Option(help="Which K.  \\[default: 0]", rich_help_panel=_METHOD)] = None,
    seed: Annotated[int | None, typer.Option(help="Split, weights, order of images.  \\[default: 0]")] = None,
    coarse_epochs: Annotated[
        int | None, typer.Option(help="Epochs on coarse labels.", rich_help_panel=_TRAINING)
    ] = None,
    fine_epochs: Annotated[int | None, typer.Option(help="Epochs on fine labels.", rich_help_panel=_TRAINING)] = None,
    feature_epochs: Annotated[
        int | None, typer.Option(help="Epochs with the similarity loss.", rich_help_panel=_TRAINING)
    ] = None,
    batch_size: Annotated[int | None, typer.Option(help="Images a step.", rich_help_panel=_TRAINING)] = None,
    learning_rate: Annotated[
        float | None, typer.Option(help="Of steps on coarse and fine labels.", rich_help_panel=_TRAINING)
    ] = None,
    threshold: Annotated[
        float | None, typer.Option(help="τ, for reference samples.", rich_help_panel=_TRAINING)
    ] = None,
    reference_sets: Annotated[int | None, typer.Option(help="k, their number.", rich_help_panel=_TRAINING)] = None,
    reference_draw: Annotated[
        Literal["sample", "batch"] | None,
        typer.Option(help="A set for each sample or batch.", rich_help_panel=_TRAINING),
    ] = None,
    similarity_temperature: Annotated[float | None, typer.Option(help="T in eq. 5.", rich_help_panel=_TRAINING)] = None,
    config_file: Annotated[
        Path | None, typer.Option("--config", metavar="FILE", help="Settings in TOML; other options go over them.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on with the interrupted run in --out.")] = False,
    debug: Debug = False,
) -> None:
    """Train a network on few fine labels with the help of many coarse ones.

    Step one learns the coarse labels, then the fine ones; step two fine-tunes against reference sets. The run's folder
    gets a model bundle for lsl-annotate, report.html, metrics.json and checkpoints.

    Example:  lsl-train store.h5 --fine stage --coarse stage_range
    """
    apart = ("store", "out", "preset", "config_file", "resume", "debug")
    given = {name: value for name, value in locals().items() if name not in ("apart", *apart) and value is not None}
    with plain_errors(debug, "lsl-train --resume --out RUN goes on after the last whole epoch."):
        _require_torch()
        # Threads that spin for long while they wait make a training on a busy machine 10 times slower.
        os.environ.setdefault("GOMP_SPINCOUNT", "10000")
        from lsl_shared.store import Store
        from lsl_trainer import training

        Store(store).close()
        if resume:
            config, folder = _interrupted(out, given, preset or config_file)
        else:
            config = _settings(preset, config_file, given)
            folder = out or Path("runs") / datetime.now().strftime("%Y%m%d-%H%M%S")
        found = "" if preset or config_file or resume else f" ({training.best_device().type} found)"
        say(f"preset {config.preset}{found}, method {config.method}, run {folder}")
        _tell(_train(store, config, folder, resume), store)


def _settings(name: str | None, file: Path | None, given: dict[str, Any]) -> TrainConfig:
    """The preset, the file's settings over it, the options over both."""
    from lsl_trainer.config import preset
    from lsl_trainer.config_file import read_config
    from lsl_trainer.training import best_device

    usual = "paper" if best_device().type == "cuda" else "tiny"
    if file is not None:
        return read_config(file, preset(name) if name else None, otherwise=usual).having(**given)
    return preset(name or usual).having(**given)


def _interrupted(out: Path | None, given: dict[str, Any], other: object) -> tuple[TrainConfig, Path]:
    """The settings of the run to go on with."""
    from lsl_trainer.config_file import read_config
    from lsl_trainer.training import CONFIG, check_resumable

    if out is None:
        raise ConfigError("--resume needs --out RUN, the run to go on with")
    if given or other:
        raise ConfigError("a run goes on with its own settings: leave out all options but --out beside --resume")
    check_resumable(out)
    return read_config(out / CONFIG), out


def _train(store: Path, config: TrainConfig, folder: Path, resume: bool) -> Run:
    """Trains behind one progress bar over all steps."""
    from contextlib import ExitStack

    from lsl_trainer.training import train

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
    images = torch.full((config.batch_size, 3, *training.data.image_size), 0.5, device=network.mean.device)
    network.eval()
    times = []
    for _ in range(4):
        started = time.monotonic()
        network(images)[0].sum().backward()
        network.zero_grad(set_to_none=True)
        times.append(time.monotonic() - started)
    return 1.2 * min(times) / config.batch_size * training.total_passes


def _tell_epoch(epoch: Epoch) -> None:
    if epoch.number == 1 or epoch.number % 5 == 0:
        say(f"{epoch.step:>8} epoch {epoch.number:3d}   loss {epoch.loss:6.3f}   right {epoch.accuracy:6.1%}")


def _tell(run: Run, store: Path) -> None:
    for note in run.notes:
        say(f"note: {note}")
    say(f"model: {run.path / 'model'}   report: {run.path / 'report.html'}")
    say(f"next: lsl-annotate {store}")


def _require_torch() -> None:
    missing = [
        name
        for name in ("torch", "onnx", "onnxscript", "safetensors", "sklearn")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise LslError(f"training needs {', '.join(missing)}: pip install 'lsl-toolkit[train]'")


def main() -> None:
    """Runs the command line."""
    app()
