"""The command lsl-gem."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from lsl_shared.terminal import Debug, new_app, plain_errors, progress, say

if TYPE_CHECKING:
    from lsl_runtime.gem import Gem

app = new_app("Genomewide expression maps of an annotated store.")


@app.command()
def gem_command(
    stage: Annotated[
        list[str], typer.Option("--stage", metavar="S", help="The stage (any class of the model). Repeat for more.")
    ],
    store: Annotated[Path, typer.Argument(help="The image store.")] = Path("store.h5"),
    model: Annotated[
        Path | None,
        typer.Option(
            metavar="BUNDLE", help="Computes saliency that is not stored.  [default: the model that annotated]"
        ),
    ] = None,
    annotations: Annotated[Path | None, typer.Option(help="The annotations file.  [default: beside the store]")] = None,
    masked: Annotated[bool, typer.Option("--masked/--no-masked", help="Map what the model looks at, too.")] = True,
    mode: Annotated[
        Literal["mean", "fraction"], typer.Option(help="Mean stain density, or share of stained embryos.")
    ] = "mean",
    view: Annotated[str | None, typer.Option(help="Only this view, or all.  [default: lateral and not known]")] = None,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="The folder.  [default: STORE's name, .gems]")] = None,
    debug: Debug = False,
) -> None:
    """Genomewide expression maps (GEMs) of an annotated store: a picture a stage, and the numbers in gems.h5.

    A GEM averages the stain of all embryos that the model gave the stage, each gene counting once; the masked GEM
    weights every pixel by how much the model looks there.

    Example:  lsl-gem store.h5 --stage 9 --stage 10
    """
    with plain_errors(debug, "The same command starts over."):
        from lsl_runtime.gem import build_gems
        from lsl_runtime.gem_file import check_folder, gems_folder
        from lsl_runtime.model import Model
        from lsl_shared.store import Store

        folder = out or gems_folder(store)
        with Store(store) as opened:
            images = len(opened)
        check_folder(folder)
        loaded = Model.load(model) if model is not None else None
        with progress("mapping", images) as advance:
            gems = build_gems(
                store, stage, masked=masked, model=loaded, annotations=annotations, mode=mode, view=view,
                on_progress=advance,
            )  # fmt: skip
        _write(folder, gems)


def _write(folder: Path, gems: Sequence[Gem]) -> None:
    from lsl_runtime.gem import FEW_GENES
    from lsl_runtime.gem_file import GEMS, picture_path, write_gems
    from lsl_runtime.gem_picture import draw_gem

    dropped = write_gems(folder, gems)
    for gem in gems:
        picture = picture_path(folder, gem.stage)
        draw_gem(gem, picture)
        say(f"stage {gem.stage}: {gem.n_images:,} images of {gem.n_genes:,} genes → {picture}")
        if gem.n_genes < FEW_GENES:
            say(f"  only {gem.n_genes} genes: the map shows these genes more than the stage")
        if gem.n_empty:
            say(f"  no embryo found in {gem.n_empty:,} images; they count as unstained")
    for stage in sorted(set(dropped) - {gem.stage for gem in gems}):
        picture_path(folder, stage).unlink(missing_ok=True)
        say(f"stage {stage}: removed, it was of another model or store")
    say(f"numbers: {folder / GEMS}")


def main() -> None:
    """Runs the command line."""
    app()
