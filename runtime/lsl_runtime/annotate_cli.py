"""The command lsl-annotate."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lsl_shared.terminal import SOME_FAILED, Debug, new_app, plain_errors, progress, say

if TYPE_CHECKING:
    from lsl_runtime.annotate import Annotated as Result
    from lsl_runtime.model import Model

app = new_app("Annotate every image of a store with a trained model.")


@app.command()
def annotate_command(
    store: Annotated[Path, typer.Argument(help="The image store.")] = Path("store.h5"),
    model: Annotated[
        Path | None,
        typer.Option(metavar="BUNDLE", help="The model bundle, such as RUN/model.  [default: the newest run's]"),
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The annotations file.  [default: beside the store]")] = None,
    saliency: Annotated[bool, typer.Option("--saliency", help="Store each image's saliency map.")] = False,
    features: Annotated[bool, typer.Option("--features", help="Store each image's feature vector.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the answers as a table as well.")] = None,
    batch_size: Annotated[int, typer.Option(min=1, help="Images that go through the network at once.")] = 16,
    device: Annotated[Literal["auto", "cpu", "cuda"], typer.Option(help="auto takes a GPU where one works.")] = "auto",
    require_gpu: Annotated[
        bool, typer.Option("--require-gpu", help="Stop where no GPU works; same as --device cuda.")
    ] = False,
    restart: Annotated[bool, typer.Option("--restart", help="Replace annotations made by another model.")] = False,
    debug: Debug = False,
) -> None:
    """Annotate every image of a store with a trained model.

    The answers go to STORE's name with .annotations.h5; the store itself is only read. Stop it whenever you like: the
    same command goes on where it stopped.

    Example:  lsl-annotate store.h5 --saliency --csv answers.csv
    """
    with plain_errors(debug, "Nothing is lost: the same command goes on from here."):
        from lsl_runtime.annotate import annotate
        from lsl_runtime.bundles import newest_bundle
        from lsl_runtime.model import Model
        from lsl_runtime.table import write_csv
        from lsl_shared.store import Store

        with Store(store) as opened:
            images = len(opened)
        loaded = Model.load(model or newest_bundle(), "cuda" if require_gpu else device)
        say(f"model {loaded.path}: {loaded.task.name}, {len(loaded.task.classes)} classes, {loaded.provider}")
        with progress("annotating", images) as advance:
            done = annotate(
                store, loaded, out=out, saliency=saliency, features=features, batch_size=batch_size,
                restart=restart, on_progress=advance,
            )  # fmt: skip
        _tell(done, loaded)
        if csv is not None:
            write_csv(done.path, store, csv)
            say(f"table: {csv}")
        if done.failed:
            raise typer.Exit(SOME_FAILED)


def _tell(done: Result, model: Model) -> None:
    """The summary: images per class, what was left out and why, where the file lies."""
    from rich.console import Console
    from rich.table import Table

    table = Table(title=f"{done.images:,} images", title_justify="left", box=None)
    table.add_column(model.task.name)
    table.add_column("images", justify="right")
    for name, count in done.counts.items():
        table.add_row(name, f"{count:,}")
    if done.outside:
        table.add_row(f"none: {model.task.parent} has no {model.task.name}", f"{done.outside:,}")
    if done.failed:
        table.add_row("could not be read", f"{len(done.failed):,}")
    Console(markup=False, emoji=False).print(table)
    for line in done.failed[:10]:
        say(f"failed: {line}")
    if done.resumed:
        say(f"{done.resumed:,} images were taken over from an earlier run")
    say(f"annotations: {done.path}")


def main() -> None:
    """Runs the command line."""
    app()
