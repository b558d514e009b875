"""The commands `lsl-store suggest` and `lsl-store label`: which images to label next, and the labels coming back."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Annotated

import typer

from lsl_shared.process.terminal import Debug, plain_errors, say
from lsl_shared.wording import command_line
from lsl_tools.options import AllowsTables, ExistingStore

__all__ = ["label", "suggest"]


def suggest(
    store: ExistingStore = Path("store.h5"),
    n: Annotated[int, typer.Option("--n", help="How many images.", min=1)] = 50,
    out: Annotated[
        Path | None, typer.Option(help=r"The CSV to fill in.  \[default: STORE's name with .to-label.csv]")
    ] = None,
    annotations: Annotated[
        Path | None, typer.Option(help=r"Annotations with features.  \[default: beside the store]")
    ] = None,
    task: Annotated[str, typer.Option(help=r"The fine task to label.  \[default: the annotated one]")] = "",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the CSV if it exists.")] = False,
    debug: Debug = False,
) -> None:
    """Suggest images to label next: those that stand for many others of which the model is unsure.

    Writes a CSV with an empty column for the label, and a contact sheet (PNG) of the images in the same order. Fill in
    what you can tell, leave the rest empty, and bring it back with `lsl-store label`. With --out NAME.xlsx it is a
    workbook, in which spreadsheets leave ranges and ids as they are.

    Example: lsl-annotate store.h5 --features && lsl-store suggest store.h5 --n 50
    """
    with plain_errors(debug, "Nothing was written."):
        from lsl_shared.errors import ConfigError
        from lsl_shared.files.output_file import check_writable
        from lsl_shared.tables.writing import check_table_name
        from lsl_tools.labelling.label_sheet import draw_label_sheet
        from lsl_tools.labelling.suggest import suggest as suggestions_of
        from lsl_tools.labelling.suggest import write_suggestions

        table = out or store.with_suffix(".to-label.csv")
        check_table_name(table)
        check_writable(table)
        if table.exists() and not overwrite:
            raise ConfigError(f"{table} exists already and may hold labels; choose another --out, or add --overwrite")
        found = suggestions_of(store, n, annotations=annotations, task=task)
        sheet = table.with_suffix(".png")
        draw_label_sheet(found, store, sheet)
        write_suggestions(found, table)
        say(f"{len(found)} images to label: {table}, pictures: {sheet}")
        labelling = command_line("lsl-store", "label", store, table)
        say(f"next: fill in the column {found[0].task!r}, then {labelling}")


def label(
    store: ExistingStore,
    table: Annotated[Path, typer.Argument(help="A CSV or workbook: columns id, and one a task.", metavar="CSV")],
    who: Annotated[str, typer.Option(help=r"Who says so, for the history.  \[default: your user name]")] = "",
    task: Annotated[
        list[str] | None,
        typer.Option("--task", help="A new coarse task: a column of the CSV.", metavar="FINE:COARSE"),
    ] = None,
    allows: AllowsTables = None,
    contradict: Annotated[
        bool, typer.Option("--contradict", help="Take fine labels that contradict the coarse ones.")
    ] = False,
    debug: Debug = False,
) -> None:
    """Bring labels back into a store: all of a table, or nothing where any id or class is unknown.

    Empty cells say nothing. What a label replaces is kept in the store's history, with who and when. Images keep their
    bytes, so annotations and models of the store stay good.

    Who can tell only "not before stage 8" fills a column `expert` with 8-, and adds --task stage:expert.

    Example: lsl-store label store.h5 store.to-label.csv
    """
    with plain_errors(debug, "The store is as it was."):
        from lsl_shared.files.store import Store
        from lsl_tools.inspection.terminal_tables import train_command
        from lsl_tools.labelling.apply import apply_labels

        changes = apply_labels(
            store,
            table,
            who=who or getpass.getuser(),
            tasks=task or (),
            allows=allows or (),
            contradict=contradict,
            on_note=lambda note: say(f"note: {note}"),
        )
        for change in changes:
            fresh = int((change.old < 0).sum())
            say(f"{change.task}: {fresh:,} new labels, {len(change.rows) - fresh:,} corrected")
        if not changes:
            say("nothing to do: the store has these labels already, or the CSV is not filled in")
        else:
            with Store(store) as labelled:
                say(f"next: {train_command(store, labelled.tasks, labelled.further_coarse)}")
