"""`lsl-store sheet`: a contact sheet for a quick check by a person."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsl_shared.process.terminal import Debug, plain_errors, say
from lsl_tools.options import ExistingStore

__all__ = ["sheet"]


def sheet(
    store: ExistingStore = Path("store.h5"),
    out: Annotated[
        Path | None, typer.Option(help="The sheet to write, .html or .png; by default STORE.sheet.html.")
    ] = None,
    photographs: Annotated[
        Path | None, typer.Option(help="The folder of the photographs, if it is no longer where it was.")
    ] = None,
    images: Annotated[int | None, typer.Option(help="Show so many, evenly spaced.", min=1)] = None,
    debug: Debug = False,
) -> None:
    """Make a contact sheet: each standardized image below its photograph, with outline, axis and flags.

    Any other store shows its images alone.

    Example: lsl-store sheet store.h5 --out sheet.png --images 40
    """
    with plain_errors(debug, "Nothing was written."):
        from lsl_tools.standardize.sheet.contact_sheet import contact_sheet

        target = out or store.with_name(f"{store.stem}.sheet.html")
        shown = contact_sheet(store, target, photographs=photographs, images=images)
        say(f"{target}: {shown:,} images")
