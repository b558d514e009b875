"""`lsl-store page`: a model as a page for a browser."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, cast, get_args

import typer

from lsl_shared.process.terminal import Debug, plain_errors, say

__all__ = ["page"]

_WEIGHTS = ("auto", "float32", "float16")


def page(
    bundle: Annotated[Path, typer.Argument(help="The model bundle, such as RUN/model.", metavar="BUNDLE")],
    target: Annotated[Path, typer.Argument(help="The page to write; with --split a folder.", metavar="PAGE.html")],
    title: Annotated[str, typer.Option(help=r"The page's heading.  \[default: made up from the task]")] = "",
    description: Annotated[str, typer.Option(help="A sentence or two about the model, for its card.")] = "",
    weights: Annotated[
        str,
        typer.Option(
            help="auto, float32 (as they are) or float16 (half the room; the default above 4 MB).", metavar="KIND"
        ),
    ] = "auto",
    references: Annotated[
        Path | None,
        typer.Option(
            help="A store whose labelled images the page shows, to try and to compare with. Whoever has the page can "
            "see them.",
            metavar="STORE",
        ),
    ] = None,
    per_class: Annotated[int, typer.Option(help="How many of them of each class.", min=1)] = 2,
    split: Annotated[
        bool, typer.Option("--split", help="Write a folder for a web server in place of one file.")
    ] = False,
    library: Annotated[
        Path | None,
        typer.Option(help="A folder with ONNX Runtime Web, as npm lays it out or packs it.", metavar="FOLDER"),
    ] = None,
    allow_download: Annotated[
        bool, typer.Option("--allow-download", help="Let npm fetch ONNX Runtime Web once, if it is not here.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace PAGE.html if it exists.")] = False,
    debug: Debug = False,
) -> None:
    """Write a model as one page for a browser: drop photographs, see class, prediction set and map, offline.

    Whoever gets the page needs nothing else: it opens from a disk, from a mail, from any web server, and sends nothing.
    Nothing that the model was trained on is in it, unless you name a store with --references.

    Example: lsl-store page runs/demo/model page.html
    """
    with plain_errors(debug, "Nothing was written."):
        from lsl_shared.errors import ConfigError
        from lsl_tools.model_page.library import fetch_library, find_library
        from lsl_tools.model_page.write import PageSettings, Weights, write_page

        if weights not in get_args(Weights):
            raise ConfigError(f"--weights must be one of {', '.join(_WEIGHTS)}, received {weights!r}")
        settings = PageSettings(title, description, cast(Weights, weights), references, per_class, split)
        try:
            files = find_library(library)
        except ConfigError:
            if not allow_download or library is not None:
                raise
            say("fetching ONNX Runtime Web …")
            files = find_library(fetch_library())
        say("packing the model and trying it out …")
        written = write_page(bundle, target, files, settings, overwrite=overwrite)
        trial = "the web runtime ran it and answered as here" if written.tried else (
            "its operators are known to the web runtime; with Node.js here it would have been tried"
        )  # fmt: skip
        say(f"page: {written.path}, {written.bytes / 1e6:,.1f} MB, {written.precision} weights; {trial}")
        say("to try it: open it in a browser" if not split else f"to try it: python -m http.server -d {target}")
