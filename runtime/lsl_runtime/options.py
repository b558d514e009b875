"""Arguments and options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AnnotationsOption", "BundleOption", "SchedulerOption", "StoreArgument", "WorkersOption"]

_MACHINES = "Many machines"

StoreArgument = Annotated[Path, typer.Argument(help="The image store.")]
AnnotationsOption = Annotated[
    Path | None, typer.Option("--annotations", help=r"The annotations file.  \[default: beside the store]")
]
BundleOption = Annotated[
    Path | None,
    typer.Option(
        "--model", metavar="BUNDLE", help=r"The model bundle, such as RUN/model.  \[default: the newest run's]"
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers", metavar="N", min=1, help="Share the work among N processes here.", rich_help_panel=_MACHINES
    ),
]
SchedulerOption = Annotated[
    str | None,
    typer.Option(
        "--scheduler",
        metavar="ADDRESS",
        help="Share it among the workers of a Dask scheduler, such as tls://host:8786, which must be trusted.",
        rich_help_panel=_MACHINES,
    ),
]
