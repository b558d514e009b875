"""Arguments and options that several commands of `lsl-store` have: written once, so that they read alike."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "AllowsTables",
    "Axes",
    "Channel",
    "ExistingStore",
    "GenesKey",
    "IdsKey",
    "ImagesKey",
    "Labels",
    "LabelsKeys",
    "NewStore",
    "Overwrite",
    "Tasks",
]

ExistingStore = Annotated[Path, typer.Argument(help="The image store.", metavar="STORE")]
NewStore = Annotated[Path, typer.Argument(help="The store to make.", metavar="STORE")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace STORE if it exists.")]
Labels = Annotated[Path | None, typer.Option(help="A CSV with a column `file` (paths below SOURCE) and label columns.")]
Tasks = Annotated[
    list[str] | None,
    typer.Option(
        help="A label column, or level of folders: COLUMN, or FINE:COARSE, once for each coarse one.",
        metavar="COLUMN[:COARSE]",
    ),
]
AllowsTables = Annotated[
    list[Path] | None,
    typer.Option(
        "--allows",
        help="A table of the fine classes that each coarse class allows: columns COARSE and FINE, a|b|c in a cell.",
        metavar="CSV",
    ),
]
Channel = Annotated[
    str,
    typer.Option(help="The channel to take of microscopes' files that have several, by its name.", metavar="NAME"),
]

_STACKS = "A stack of your own (HDF5, MATLAB v7.3, .npy, .npz)"
ImagesKey = Annotated[
    str | None,
    typer.Option("--images", help="Where the images lie in the file.", metavar="KEY", rich_help_panel=_STACKS),
]
LabelsKeys = Annotated[
    list[str] | None,
    typer.Option(
        help="Where labels lie, a number or text an image; --task names them. Beside a .npy: another .npy.",
        metavar="KEY",
        rich_help_panel=_STACKS,
    ),
]
IdsKey = Annotated[
    str, typer.Option(help="Where their names lie; else they are numbered.", metavar="KEY", rich_help_panel=_STACKS)
]
GenesKey = Annotated[str, typer.Option(help="Where their genes lie.", metavar="KEY", rich_help_panel=_STACKS)]
Axes = Annotated[
    str,
    typer.Option(
        help="What the axes are, as h5ls shows them: n images, h rows, w columns, c colours. Else it is found out.",
        metavar="nhwc",
        rich_help_panel=_STACKS,
    ),
]
