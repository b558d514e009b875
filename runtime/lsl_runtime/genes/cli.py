"""The command lsl-genes."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsl_runtime.options import AnnotationsOption, StoreArgument
from lsl_shared.process.terminal import Debug, new_app, plain_errors, say
from lsl_shared.wording import printable

app = new_app("Single genes of an annotated store.")


@app.command()
def genes_command(
    store: StoreArgument = Path("store.h5"),
    annotations: AnnotationsOption = None,
    gene: Annotated[
        list[str] | None, typer.Option("--gene", metavar="NAME", help="Draw this gene's maps. Repeat for more.")
    ] = None,
    like: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="List and draw the genes most like this gene, or like the image of this id."),
    ] = None,
    stage: Annotated[
        list[str] | None,
        typer.Option("--stage", metavar="S", help="Compare maps of this stage. Repeat for more.  [default: of all]"),
    ] = None,
    clusters: Annotated[
        int | None, typer.Option(metavar="K", help="Put genes of like maps into K clusters, and draw these.")
    ] = None,
    parquet: Annotated[
        bool, typer.Option("--parquet", help="Write the tables as Parquet, for R and DuckDB, and not as CSV.")
    ] = False,
    genes: Annotated[
        str | None, typer.Option(metavar="LIST", help="Only these genes: a file with one a line, or eve,ftz,hb.")
    ] = None,
    exclude: Annotated[str | None, typer.Option(metavar="LIST", help="Not these genes.")] = None,
    view: Annotated[
        str | None, typer.Option(help=r"Only this view, or all.  \[default: lateral and not known]")
    ] = None,
    floor: Annotated[
        float, typer.Option(metavar="P", help="Only images of at least this probability of their stage.")
    ] = 0.0,
    sure: Annotated[bool, typer.Option("--sure", help="Only images of which the stage is sure.")] = False,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help=r"The folder.  \[default: STORE's name, .genes]")
    ] = None,
    debug: Debug = False,
) -> None:
    """Single genes: from when to when each is expressed, with intervals, where it peaks, and which are like it.

    Writes genes.csv, a row a gene, and stages.csv, a row a gene and stage. Onset and end are minutes after egg laying
    for the fly's stages. Their intervals hold the truth nine times in ten; few images make them wide.

    Example:  lsl-genes store.h5

    Example:  lsl-genes store.h5 --like eve --stage 5

    Example:  lsl-genes store.h5 --clusters 12 --parquet
    """
    with plain_errors(debug, "The same command starts over."):
        from lsl_runtime.gem.build.selection import left_out_told
        from lsl_runtime.gem.build.settings import Filter
        from lsl_runtime.gem.of_command import listed
        from lsl_runtime.genes.command import Asked, tell_genes
        from lsl_shared.files.store import Store

        with Store(store) as opened:
            known, of_other_views = set(opened.genes), left_out_told(opened, view)
        if of_other_views:
            say(printable(of_other_views))
        only, left_out = (listed(one, known) if one is not None else None for one in (genes, exclude))
        wanted = Filter(view, only, left_out or (), "equal", floor, sure=sure)
        asked = Asked(tuple(gene or ()), like, tuple(stage or ()), clusters, parquet)
        tell_genes(store, annotations, wanted, asked, out or store.with_suffix(".genes"))


def main() -> None:
    """Runs the command line."""
    app()
