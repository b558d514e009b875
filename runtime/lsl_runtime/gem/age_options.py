"""The options of `lsl-gem` for maps at an age; what --help needs, and no more."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AgeOption", "BandwidthOption", "MovieOption"]

_AGES = "Ages"

AgeOption = Annotated[
    list[str] | None,
    typer.Option(
        "--age",
        metavar="AGE",
        rich_help_panel=_AGES,
        help="Map an age, such as 220min, or 9.5 where classes are counted. Repeat for more.",
    ),
]
BandwidthOption = Annotated[
    float | None,
    typer.Option(
        metavar="TIME",
        rich_help_panel=_AGES,
        help=r"How far in time images count for an age.  \[default: 0.75 classes, wider where genes are few]",
    ),
]
MovieOption = Annotated[
    Path | None,
    typer.Option(
        metavar="FILE",
        rich_help_panel=_AGES,
        help="A film through time, and a page to walk through it: .apng, .gif or .mp4.",
    ),
]
