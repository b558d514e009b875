"""The command lsl-train."""

from __future__ import annotations

import os
import sys
import time
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from lsl_shared.errors import ConfigError
from lsl_shared.process.terminal import Debug, duration, new_app, plain_errors, progress, say
from lsl_trainer.layers.cli import score_layers_to
from lsl_trainer.runs.folds_cli import cross_validate_to, folds_of
from lsl_trainer.settings.cli_settings import chosen_settings, require_torch

if TYPE_CHECKING:
    from lsl_trainer.learning.algorithm import TwoStepTraining
    from lsl_trainer.learning.epoch import Epoch
    from lsl_trainer.runs.training import Run
    from lsl_trainer.settings.config import TrainConfig

app = new_app("Train a network on few fine labels with the help of many coarse ones.")
_TRAINING, _METHOD, _TRANSFER = "Training", "Method and data", "Transfer and further tasks"


@app.command()
def train_command(
    store: Annotated[Path, typer.Argument(help="The image store.")] = Path("store.h5"),
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Folder of the run.  \\[default: runs/<date-time>]")
    ] = None,
    preset: Annotated[
        Literal["tiny", "paper", "modern"] | None,
        typer.Option(help="Network and recipe.  \\[default: paper on a GPU, else tiny]"),
    ] = None,
    method: Annotated[
        Literal["plain", "data-level", "feature-level", "gabor", "coarse-constrained"] | None,
        typer.Option(
            help="How much of the two-step method, or another.  \\[default: feature-level, all of it]",
            rich_help_panel=_METHOD,
        ),
    ] = None,
    fine: Annotated[
        str | None,
        typer.Option(
            metavar="TASK",
            help="The task to learn, of classes; or one of terms alone, with --method plain.  "
            "\\[default: the store's fine task]",
            rich_help_panel=_METHOD,
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
    folds: Annotated[
        int | None,
        typer.Option(
            metavar="K", help="Cross-validate: K runs, every gene tested in one of them.", rich_help_panel=_METHOD
        ),
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
    patience: Annotated[
        int | None,
        typer.Option(
            metavar="EPOCHS",
            help="End a step after so many without gain on genes kept aside.",
            rich_help_panel=_TRAINING,
        ),
    ] = None,
    constrained_epochs: Annotated[
        int | None, typer.Option(help="Epochs of coarse-constrained.", rich_help_panel=_TRAINING)
    ] = None,
    sampling: Annotated[
        Literal["shuffled", "balanced"] | None,
        typer.Option(help="Every image once an epoch, or every class alike.", rich_help_panel=_TRAINING),
    ] = None,
    precision: Annotated[
        Literal["fp32", "bf16", "fp16"] | None,
        typer.Option(help="Arithmetic while learning.  \\[default: fp32]", rich_help_panel=_TRAINING),
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
    backbone: Annotated[
        str | None,
        typer.Option(
            metavar="SOURCE",
            help="Take F from elsewhere: efficientnet-lite0, hf:FOLDER, hf:NAME, or an earlier RUN.",
            rich_help_panel=_TRANSFER,
        ),
    ] = None,
    transfer_blocks: Annotated[
        int | None,
        typer.Option(metavar="N", help="Only its first N blocks, the rest fresh.", rich_help_panel=_TRANSFER),
    ] = None,
    freeze: Annotated[
        bool | None, typer.Option("--freeze", help="What comes from there does not learn.", rich_help_panel=_TRANSFER)
    ] = None,
    layer_decay: Annotated[
        float | None,
        typer.Option(help="Factor of the learning rate from block to earlier block.", rich_help_panel=_TRANSFER),
    ] = None,
    allow_download: Annotated[
        bool | None,
        typer.Option("--allow-download", help="Let hf:NAME be fetched from the hub.", rich_help_panel=_TRANSFER),
    ] = None,
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="all|3,7",
            help="Train nothing: score the features of these blocks of the backbone, by gene.",
            rich_help_panel=_TRANSFER,
        ),
    ] = None,
    task: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TASK",
            help="Learn this task as well, of classes or terms. Repeat for more.",
            rich_help_panel=_TRANSFER,
        ),
    ] = None,
    task_weight: Annotated[
        list[float] | None,
        typer.Option(
            help=r"Of the loss: one for the fine task, one for each --task.  \[default: learnt]",
            rich_help_panel=_TRANSFER,
        ),
    ] = None,
    graph_precision: Annotated[
        Literal["fp32", "fp16", "int8"] | None,
        typer.Option(help="Also export smaller graphs: model-fp16 for GPUs, or model-int8."),
    ] = None,
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
    apart = ("store", "out", "preset", "config_file", "resume", "debug", "layers", "task", "task_weight", "folds")
    given = {name: value for name, value in locals().items() if name not in ("apart", *apart) and value is not None}
    given |= {name: tuple(values) for name, values in (("tasks", task), ("task_weights", task_weight)) if values}
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
