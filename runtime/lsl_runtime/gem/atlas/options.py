"""Options of `lsl-gem` that ask for an atlas."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AgeBinsOption", "H5adOption", "SpatialDataOption"]

H5adOption = Annotated[
    Path | None,
    typer.Option(
        "--h5ad",
        metavar="FILE",
        help="Write an expression atlas, genes by places and stages, as AnnData for scanpy, squidpy and R; draws no "
        "maps. Without --stage, all that have images.",
    ),
]
AgeBinsOption = Annotated[
    str | None,
    typer.Option(
        "--age-bins", metavar="TIME", help="With --h5ad: bins of age as long as this, such as 60min, and not stages."
    ),
]
SpatialDataOption = Annotated[
    Path | None,
    typer.Option(
        "--spatialdata",
        metavar="FOLDER",
        help="Write the atlas with maps and photographs as SpatialData, an OME-Zarr folder.",
    ),
]
