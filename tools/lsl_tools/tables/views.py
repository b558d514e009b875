"""Views of an embryo as tables write them: l, lat, "lateral, left", d, dors, v, vent."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from lsl_shared.tables.lines import told_lines
from lsl_shared.tables.missing import is_missing
from lsl_shared.wording import first_few

__all__ = ["VIEWS", "read_view", "read_views"]

VIEWS: Final = ("lateral", "dorsal", "ventral")
_NAMES: Final = {
    "lateral": {"l", "lat", "later", "lateral", "laterally", "side", "ll", "lr", "rl"},
    "dorsal": {"d", "dor", "dors", "dorsal", "dorsally"},
    "ventral": {"v", "ven", "vent", "ventr", "ventral", "ventrally"},
}
_NO_MATTER: Final = {"view", "side", "left", "right", "r", "of", "the", "from", "up", "embryo", "image", "aspect"}
_UNKNOWN: Final = {"unknown", "unclear", "not known", "undetermined", "n.d.", "nd"}
_WORD: Final = re.compile(r"[^\W\d_]+")


def read_view(text: str) -> str:
    """The view that a text means: lateral, dorsal, ventral, '' where none is known; else the text in small letters."""
    folded = text.strip().casefold()
    if is_missing(folded) or folded in _UNKNOWN:
        return ""
    words = _WORD.findall(folded)
    whole = "".join(words)
    for view, names in _NAMES.items():
        others = [word for word in words if word not in names]
        if whole in names or (len(others) < len(words) and set(others) <= _NO_MATTER):
            return view
    return folded


def read_views(cells: Sequence[str], lines: Sequence[int]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The views of a column, and notes on those that are none of the three."""
    known = {cell: read_view(cell) for cell in set(cells)}
    odd: dict[str, list[int]] = {cell: [] for cell in cells if known[cell] not in (*VIEWS, "")}
    for cell, line in zip(cells, lines, strict=True):
        if cell in odd:
            odd[cell].append(line)
    places = sorted(line for found in odd.values() for line in found)
    told = f"view: {first_few(odd)} is not lateral, dorsal or ventral, and is kept as it is ({told_lines(places)})"
    return tuple(known[cell] for cell in cells), (told,) if odd else ()
