"""`lsl-store standardize`: from raw photographs to a store of standardized embryos."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lsl_shared.process.terminal import SOME_FAILED, Debug, plain_errors, progress, say, say_some
from lsl_shared.wording import command_line
from lsl_tools.options import AllowsTables, Channel, Labels, NewStore, Overwrite, Tasks

if TYPE_CHECKING:
    from lsl_tools.standardize.report import StandardizeReport

__all__ = ["standardize"]


def standardize(
    source: Annotated[
        Path, typer.Argument(help="A folder of photographs, a CSV naming them, or one photograph.", metavar="SOURCE")
    ],
    store: NewStore = Path("store.h5"),
    labels: Labels = None,
    task: Tasks = None,
    allows: AllowsTables = None,
    channel: Channel = "",
    size: Annotated[str, typer.Option(help="Size of the standardized images.", metavar="HxW")] = "128x320",
    keep_flagged: Annotated[
        bool, typer.Option("--keep-flagged", help="Keep photographs with flags; they are listed all the same.")
    ] = False,
    orient: Annotated[
        bool, typer.Option("--orient/--no-orient", help="Turn embryos anterior left and dorsal up.")
    ] = True,
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a core.", min=1)] = None,
    overwrite: Overwrite = False,
    debug: Debug = False,
) -> None:
    """Make a store from raw photographs: find the embryo, cut it out, turn it, bring it to one size.

    Takes what `import` takes: PNG, JPEG, BMP, TIFF, CZI, LIF, ND2, OME-TIFF and OME-Zarr, in folders or named by a CSV.
    Flagged photographs are left out, and listed with reasons in STORE.rejects.csv and STORE.rejects.html.
    If some were left out, the exit code is 3.

    Example: lsl-store standardize photographs store.h5
    Example: lsl-store standardize photographs --labels labels.csv --task stage_range --keep-flagged
    """
    with plain_errors(debug, "No store was made."):
        from lsl_shared.files.store_writer import refuse_existing
        from lsl_tools.importing.size import parse_size
        from lsl_tools.standardize.orientation import Orienter
        from lsl_tools.standardize.run import StandardizeSettings, standardize_listing
        from lsl_tools.standardize.source import list_photographs

        refuse_existing(store, overwrite)
        wanted, listing = (
            parse_size(size),
            list_photographs(source, labels=labels, tasks=task or (), allows=allows or ()),
        )
        chooser = Orienter.load(threads=1) if orient else None  # the workers have the other cores
        settings = StandardizeSettings(
            size=wanted,
            channel=channel,
            chooser=chooser,
            keep_flagged=keep_flagged,
            overwrite=overwrite,
            workers=workers,
        )
        with progress("standardizing", len(listing.samples)) as advance:
            report = standardize_listing(listing, store, settings, advance)
        _show(report)
        if report.images < report.photographs:
            raise typer.Exit(SOME_FAILED)


def _show(report: StandardizeReport) -> None:
    height, width = report.size
    for note in report.notes:
        say(f"note: {note}")
    fates = [
        f"{'kept' if reject.kept else 'left out'}: {reject.source}: {'; '.join(reject.reasons)}"
        for reject in report.rejects
    ]
    say_some(fates, after=f" in {report.rejects_file}")
    say(f"{report.store}: {report.images:,} of {report.photographs:,} photographs, {height} × {width}")
    if report.rejects:
        flagged = len(report.rejects) - report.unreadable
        sheet = report.rejects_file.with_suffix(".html").name
        say(f"{flagged:,} flagged, {report.unreadable:,} unreadable: {report.rejects_file} and {sheet}")
    say(f"next: {command_line('lsl-store', 'sheet', report.store)}")
