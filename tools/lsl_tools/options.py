"""Arguments and options that several commands of `lsl-store` have: written once, so that they read alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ExistingStore", "Labels", "NewStore", "Overwrite", "Tasks"]

ExistingStore = Annotated[Path, typer.Argument(help="The image store.", metavar="STORE")]
NewStore = Annotated[Path, typer.Argument(help="The store to make.", metavar="STORE")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace STORE if it exists.")]
Labels = Annotated[Path | None, typer.Option(help="A CSV with a column `file` (paths below SOURCE) and label columns.")]
Tasks = Annotated[
    list[str] | None,
    typer.Option(help="A label column, or level of folders: COLUMN, or FINE:COARSE.", metavar="COLUMN[:PARENT]"),
]
