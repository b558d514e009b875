"""`lsl-store fetch-bdgp`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from lsl_shared.process.terminal import SOME_FAILED, Debug, plain_errors, progress, say, say_some
from lsl_shared.wording import command_line, printable
from lsl_tools.options import Overwrite
from lsl_tools.standardize.command import standardize

if TYPE_CHECKING:
    from lsl_tools.fetching.run import FetchReport

__all__ = ["fetch_bdgp"]


def fetch_bdgp(
    image_list: Annotated[Path, typer.Argument(help="The image list, insitu_images.csv.", metavar="LIST")],
    address: Annotated[str, typer.Option("--from", help="Where the paths of the list begin.", metavar="URL")],
    folder: Annotated[Path, typer.Argument(help="Where to keep the photographs.", metavar="FOLDER")] = Path(
        "photographs"
    ),
    annotations: Annotated[
        Path | None, typer.Option(help="The annotations, insitu_annot.csv: terms for the column cv_terms.")
    ] = None,
    view: Annotated[list[str] | None, typer.Option(help="Only this view: lateral, dorsal or ventral.")] = None,
    stage_range: Annotated[list[str] | None, typer.Option(help="Only this stage range, such as 9-10.")] = None,
    limit: Annotated[int | None, typer.Option(help="At most so many photographs.", min=1)] = None,
    into: Annotated[
        Path | None, typer.Option(help="Standardize the photographs into this store at once.", metavar="STORE")
    ] = None,
    overwrite: Overwrite = False,
    rate: Annotated[float, typer.Option(help="Requests a second at most.")] = 1.0,
    attempts: Annotated[int, typer.Option(help="How often to ask for a photograph that fails.")] = 5,
    largest: Annotated[int, typer.Option(help="Bytes that a photograph may have.")] = 50_000_000,
    debug: Debug = False,
) -> None:
    """Fetch photographs from a server, politely, into a folder that can be imported and standardized.

    LIST is the BDGP's: id, symbol, annotation symbol, FBgn, clone, path, stage code, view, comment, resolution, without
    a header. What is there already is not fetched again: type the command once more to go on after an interruption.
    The folder gets labels.csv (file, id, gene, view, stage_range, checksum), downloads.csv and failed.csv.
    The exit code is 3 if some photographs were not to be had, or were left out of STORE.

    Example: lsl-store fetch-bdgp insitu_images.csv --from https://example.org/images --view lateral --limit 500
    """
    with plain_errors(debug, "Type the command again to go on."):
        from lsl_shared.files.store_writer import refuse_existing
        from lsl_tools.fetching.image_list import read_image_list, select_images
        from lsl_tools.fetching.manners import Manners
        from lsl_tools.fetching.run import fetch_images

        if into is not None:
            refuse_existing(into, overwrite)
        manners = Manners(rate=rate, attempts=attempts, largest=largest)
        listed = select_images(read_image_list(image_list), views=view, stage_ranges=stage_range, limit=limit)
        with progress("fetching", len(listed.images)) as advance:
            report = fetch_images(
                listed, address, folder, annotations=annotations, manners=manners, on_progress=advance
            )
        _show(report, into)
        if report.ended:
            raise typer.Exit(1)
        if into is not None:
            standardize(report.labels, into, overwrite=overwrite, debug=debug)
        if report.failed:
            raise typer.Exit(SOME_FAILED)


def _show(report: FetchReport, into: Path | None) -> None:
    for note in report.notes:
        say(f"note: {printable(note)}")
    say_some([why for _, why in report.failed], "failed: ", ": failed.csv")
    say(f"{report.fetched:,} photographs fetched, {report.there:,} were there, {len(report.failed):,} failed")
    if report.ended:
        say(f"ended early: {printable(report.ended)}. Type the command again later to go on.")
    if into is None:
        say(f"next: {command_line('lsl-store', 'standardize', report.labels, 'store.h5')}")
