"""The command `lsl-store audit`: which labels are wrong, and how many."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from lsl_shared.process.terminal import Debug, plain_errors, progress, say
from lsl_shared.wording import command_line
from lsl_tools.options import ExistingStore

__all__ = ["audit"]


def audit(
    store: ExistingStore = Path("store.h5"),
    run: Annotated[
        Path | None, typer.Option(metavar="RUN", help=r"The training that judges.  \[default: the store's newest one]")
    ] = None,
    n: Annotated[int, typer.Option("--n", help="How many images to show.", min=1)] = 20,
    out: Annotated[
        Path | None, typer.Option(help=r"The CSV of all doubtful images.  \[default: STORE's name with .audit.csv]")
    ] = None,
    fill: Annotated[
        float | None,
        typer.Option(help="Fill in what a label may be instead where it is wrong so likely.", min=0.0, max=1.0),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace the CSV if it exists.")] = False,
    debug: Debug = False,
) -> None:
    """Tell which labels are likely wrong, fine or coarse, what they may be instead, and how many there are in all.

    A training has asked models about genes that they had not seen. Their answers are held against all labels of an
    image together. Writes a CSV, the most doubtful image first, and a contact sheet (PNG) of the first ones. Look at
    the images, fill in what is right, and bring it back with `lsl-store label`; `lsl-review` shows them as well.

    Example: lsl-train store.h5 && lsl-store audit store.h5
    Example: lsl-store audit store.h5 --fill 0.95
    """
    with plain_errors(debug, "Nothing was written."):
        from lsl_shared.errors import ConfigError
        from lsl_shared.files.output_file import refuse_inputs
        from lsl_shared.files.store import Store
        from lsl_shared.tables.writing import check_table_name
        from lsl_tools.auditing.audit import audit_store
        from lsl_tools.auditing.telling import audit_path, change_told, draw_audit, numbers_told, write_audit

        table = out or audit_path(store)
        check_table_name(table)
        with Store(store) as opened:
            count = len(opened)
        refuse_inputs(table, "--out", [store])
        if table.exists() and not overwrite:
            raise ConfigError(f"{table} exists already and may hold labels; choose another --out, or add --overwrite")
        with progress("comparing pictures", count) as advance:
            found = audit_store(store, run, on_progress=advance)
        say(f"judged by {found.answers}: {found.images:,} images")
        for line in numbers_told(found):
            say(line)
        if not found.doubts:
            say("no image is in doubt: nothing was written")
            return
        for number, one in enumerate(found.doubts[:n], start=1):
            marked = f"same picture as {', '.join(one.same_as)}" if one.same_as else f"{one.wrong:.0%}"
            say(f"{number:4}  {one.id}  {change_told(one)}  ({marked})")
        sheet = table.with_suffix(".png")
        draw_audit(found, sheet, n)
        write_audit(found, table, fill)
        say(f"{len(found.doubts):,} doubtful images: {table}, pictures of the first: {sheet}")
        tasks = " and ".join(one.task for one in found.tasks)
        say(f"next: look at them, fill in {tasks}, then {command_line('lsl-store', 'label', store, table)}")
