"""A figure laid out in inches from its upper left corner, written as PNG, SVG or PDF."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, get_args

from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FORMATS", "GREY", "INK", "WARNING", "Format", "Sheet", "formats_named", "frame", "readable"]

Format = Literal["png", "svg", "pdf"]
FORMATS: tuple[Format, ...] = get_args(Format)
INK, GREY, WARNING = "#1a1a1a", "#5f5f5f", "#a93226"

_UNDATED: dict[str, dict[str, None]] = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}


def formats_named(names: Sequence[str]) -> list[Format]:
    """Picture formats by name, each once. Raises ConfigError for one that is not written."""
    known: dict[str, Format] = {ending: ending for ending in FORMATS}
    for name in names:
        if name not in known:
            raise ConfigError(f"--format must be one of {', '.join(FORMATS)}, received {name!r}")
    return [known[name] for name in dict.fromkeys(names)]


class Sheet:
    """A white page of `width` and `height` inches; `figure` is matplotlib's."""

    def __init__(self, width: float, height: float) -> None:
        from matplotlib.figure import Figure

        self.width, self.height = width, height
        self.figure: Figure = Figure(figsize=(width, height), facecolor="white")

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Axes with their upper left corner at (left, top)."""
        box = (left / self.width, 1 - (top + height) / self.height, width / self.width, height / self.height)
        return self.figure.add_axes(box)

    def text(
        self, left: float, top: float, text: str, size: float = 10, color: str = GREY, weight: str = "normal",
        **more: Any,
    ) -> None:  # fmt: skip
        """Text below (left, top), never read as a formula; `more` goes to matplotlib."""
        place = left / self.width, 1 - top / self.height
        self.figure.text(*place, text, size=size, color=color, weight=weight, parse_math=False, **{"va": "top"} | more)

    def save(self, path: str | Path, dpi: int = 200) -> None:
        """Writes the page in one piece, in the format of the name's ending. Raises ConfigError for another ending."""
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg

        ending = Path(path).suffix.lower().lstrip(".")
        if ending not in FORMATS:
            raise ConfigError(f"pictures are written as {', '.join(FORMATS)}, received {Path(path).name!r}")
        FigureCanvasAgg(self.figure)
        as_text = rc_context({"pdf.fonttype": 42, "svg.fonttype": "none", "svg.hashsalt": "lsl"})  # can be edited
        with atomic_path(path) as temporary, as_text, warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Glyph .* missing from font")  # a box stands for a letter it lacks
            self.figure.savefig(temporary, format=ending, dpi=dpi, metadata=_UNDATED[ending])


def frame(axes: Axes) -> None:
    """Takes ticks and borders away."""
    axes.set_xticks([])
    axes.set_yticks([])
    for spine in axes.spines.values():
        spine.set_visible(False)


def readable(text: str, length: int) -> str:
    """At most `length` characters, none of them a control character."""
    plain = "".join(letter if letter.isprintable() else "\N{REPLACEMENT CHARACTER}" for letter in text)
    return plain if len(plain) <= length else plain[: length - 1] + "…"
