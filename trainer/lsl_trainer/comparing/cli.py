"""The command lsl-compare."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from lsl_shared.errors import ConfigError
from lsl_shared.process.terminal import Advance, Debug, duration, new_app, plain_errors, progress, say
from lsl_trainer.settings.cli_settings import ConfigOption, PresetOption, chosen_settings, require_torch, takes_settings

if TYPE_CHECKING:
    from rich.table import Table

    from lsl_trainer.comparing.outcomes import Outcome
    from lsl_trainer.comparing.scores import Comparison, Spread
    from lsl_trainer.learning.epoch import Epoch
    from lsl_trainer.settings.config import TrainConfig

app = new_app("Compare the training methods over several seeds.")


@app.command()
@takes_settings("fine", "coarse", "split", "fine_per_class", "seed")
def compare_command(
    *,
    store: Annotated[Path, typer.Argument(help="The image store.")] = Path("store.h5"),
    out: Annotated[Path, typer.Option(metavar="FOLDER", help="Folder of the comparison.")] = Path("comparison"),
    method: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME", help="A method or control; may be repeated.  \\[default: all]"),
    ] = None,
    seeds: Annotated[int, typer.Option(help="How many splits, each with new labels and weights.")] = 5,
    preset: PresetOption = None,
    config_file: ConfigOption = None,
    given: dict[str, Any],
    debug: Debug = False,
) -> None:
    """Compare the training methods over several seeds, as the paper's Table II and Figures 5 and 6 do.

    Beside the methods stand two controls: data-level learning that goes on with L_CE alone, and the nearest class
    prototype. The folder gets report.html, comparison.json and PNG figures; a rerun goes on where it stopped, and
    more --seeds or --method add to what is there.

    Example:  lsl-compare store.h5 --fine-per-class 10 --seeds 5
    """
    with plain_errors(debug, "The same command goes on after the last whole epoch."):
        require_torch()
        if given.get("split") == "stored":
            raise ConfigError("a comparison splits the store anew for each seed: --split gene or random")
        from rich.console import Console

        from lsl_shared.files.store import Store
        from lsl_trainer.comparing.rows import check_rows

        Store(store).close()
        config, rows = chosen_settings(preset, config_file, given), check_rows(method or ())
        say(f"preset {config.preset}; {', '.join(rows)}; folder {out}")
        with progress("comparing", seeds * len(rows), "trainings") as advance:
            found = _compare(store, config, out, rows, seeds, advance)
        Console(markup=False, emoji=False).print(_table(found))
        for note in found.notes:
            say(f"note: {note}")
        say(f"report: {out / 'report.html'}   figures: {out / 'comparison.json'}")


def _compare(
    store: Path, config: TrainConfig, out: Path, rows: tuple[str, ...], seeds: int, advance: Advance
) -> Comparison:
    from lsl_trainer.comparing.comparison import compare

    def told(outcome: Outcome) -> None:
        right = sum(a == b for a, b in zip(outcome.truth, outcome.predicted, strict=True)) / len(outcome.truth)
        say(f"seed {outcome.seed:2d}  {outcome.row:<20} {right:6.1%} right   trained {duration(outcome.seconds)}")
        advance(1)

    def told_epoch(row: str, seed: int, epoch: Epoch) -> None:
        if epoch.number % 10 == 0:
            say(f"seed {seed:2d}  {row:<20} {epoch.step} epoch {epoch.number}   loss {epoch.loss:6.3f}")

    return compare(store, config, out, rows=rows, seeds=seeds, on_epoch=told_epoch, on_outcome=told)


def _table(found: Comparison) -> Table:
    from rich.table import Table

    table = Table(title=f"{found.space.name}, percent, mean ± deviation over the seeds")
    named = {
        "accuracy": "accuracy", "average": "mean of classes", "within_one": "±1 class",
        "coarse_accuracy": f"right {found.space.parent}", "macro_f1": "macro F1",
    }  # fmt: skip
    shown = [name for name in named if getattr(found.rows[0], name) is not None]
    table.add_column("method")
    for name in shown:
        table.add_column(named[name], justify="right")
    for row in found.rows:
        table.add_row(row.name, *(_percent(getattr(row, name)) for name in shown))
    return table


def _percent(spread: Spread) -> str:
    return f"{100 * spread.mean:.1f}" + (f" ± {100 * spread.deviation:.1f}" if spread.deviation is not None else "")


def main() -> None:
    """Runs the command line."""
    app()
