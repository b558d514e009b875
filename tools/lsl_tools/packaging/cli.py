"""`lsl-store package`: a model bundle as a bioimage.io package."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsl_shared.process.terminal import Debug, plain_errors, say

__all__ = ["package"]


def package(
    bundle: Annotated[Path, typer.Argument(help="The model bundle, such as RUN/model.", metavar="BUNDLE")],
    target: Annotated[Path, typer.Argument(help="The package to write.", metavar="MODEL.zip")],
    name: Annotated[str, typer.Option(help=r"What the model zoo shows.  \[default: made up from the task]")] = "",
    author: Annotated[list[str] | None, typer.Option(help="Who made the model. Repeat for more.")] = None,
    license: Annotated[
        str,
        typer.Option(help=r"SPDX identifier of the weights' licence.  \[default: a backbone's own, else CC-BY-4.0]"),
    ] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace MODEL.zip if it exists.")] = False,
    saliency: Annotated[
        bool, typer.Option("--saliency", help="Describe the graph that gives maps as well, not the classifier.")
    ] = False,
    static: Annotated[
        bool, typer.Option("--static", help="Add variants for a single image, for engines that want fixed shapes.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Write a model bundle as a package of the BioImage Model Zoo (bioimage.io), validated and tried out.

    Needs bioimageio.core: pip install 'lsl-toolkit\\[bioimage]'. Nothing that you trained on is in the package.

    Example: lsl-store package runs/demo/model model.zip --author "Ada Lovelace"
    """
    with plain_errors(debug, "Nothing was written."):
        from lsl_tools.packaging.package import package_model, told_licence

        written = package_model(
            bundle, target, name=name, authors=author or (), license=license, overwrite=overwrite,
            saliency=saliency, static=static,
        )  # fmt: skip
        say(f"package: {written}, {written.stat().st_size / 1e6:,.1f} MB; validated, and its test outputs reproduced")
        if note := told_licence(bundle, license):
            say(f"note: {note}")
        say(f"to try it elsewhere: bioimageio test {written}")
