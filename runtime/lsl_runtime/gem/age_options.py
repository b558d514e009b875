"""The options of `lsl-gem` for maps at an age; what --help needs, and no more."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["AgainstOption", "AgeOption", "BandwidthOption", "MovieOption", "asks_for_ages"]

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
AgainstOption = Annotated[
    str | None,
    typer.Option(
        metavar="AGE",
        rich_help_panel=_AGES,
        help="Where does the map at --age differ from that at this age? With significance.",
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


def asks_for_ages(
    age: Sequence[str] | None, against: str | None, movie: Path | None, bandwidth: float | None, mapped: bool
) -> bool:
    """Whether ages are mapped. `mapped`: something else is asked for, which goes without. Raises typer.BadParameter."""
    aged = bool(age) or movie is not None
    if bandwidth is not None and not aged:
        raise typer.BadParameter("goes with --age or --movie: --age 220min --bandwidth 20", param_hint="--bandwidth")
    if against is not None and (mapped or len(age or ()) != 1):
        raise typer.BadParameter("goes with one --age: --age 220min --against 440min", param_hint="--against")
    if aged and mapped:
        raise typer.BadParameter("goes without --stage, --term, --compare, --why, --panel, --h5ad", param_hint="--age")
    return aged
