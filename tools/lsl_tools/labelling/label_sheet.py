"""A page of small pictures with what is known of each, to label from."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from lsl_runtime.gem.draw.sheet import GREY, INK, Sheet, frame, readable
from lsl_shared.files.store import Store
from lsl_tools.labelling.suggest import Suggestion

__all__ = ["draw_captioned", "draw_label_sheet"]

_COLUMNS, _WIDTH, _GAP, _MARGIN = 5, 2.0, 0.15, 0.3
_CAPTION = 0.52
_LETTERS = 34


def draw_label_sheet(suggestions: Sequence[Suggestion], store: str | Path, path: str | Path) -> None:
    """Draws the suggested images in their order, numbered as the rows of the CSV; PNG, SVG or PDF by the name.

    Raises StoreError where an image cannot be read, ConfigError for another ending.
    """
    captions = [_caption(number, one) for number, one in enumerate(suggestions, start=1)]
    title = f"{len(suggestions)} images to label: {suggestions[0].task}"
    draw_captioned(title, [one.row for one in suggestions], captions, store, path)


def draw_captioned(
    title: str, rows: Sequence[int], captions: Sequence[tuple[str, ...]], store: str | Path, path: str | Path
) -> None:
    """Draws the images of a store at `rows` with up to three lines below each, as `draw_label_sheet` does."""
    with Store(store) as opened:
        images = opened.select(np.array(rows, dtype=np.int64))
    height = _WIDTH * images.shape[1] / images.shape[2]
    columns = min(_COLUMNS, len(rows))
    lines = -(-len(rows) // columns)
    sheet = Sheet(
        2 * _MARGIN + columns * (_WIDTH + _GAP) - _GAP, 2 * _MARGIN + 0.4 + lines * (height + _CAPTION + _GAP) - _GAP
    )
    sheet.text(_MARGIN, _MARGIN - 0.05, title, 13, INK, "bold")
    for number, (caption, image) in enumerate(zip(captions, images, strict=True)):
        left = _MARGIN + number % columns * (_WIDTH + _GAP)
        top = _MARGIN + 0.4 + number // columns * (height + _CAPTION + _GAP)
        axes = sheet.axes(left, top, _WIDTH, height)
        axes.imshow(image, interpolation="nearest", aspect="auto")
        frame(axes)
        for line, text in enumerate(caption):
            sheet.text(left, top + height + 0.04 + 0.15 * line, readable(text, _LETTERS), 7.5, GREY if line else INK)
    sheet.save(path, dpi=120)


def _caption(number: int, one: Suggestion) -> tuple[str, ...]:
    return (
        f"{number}  {one.id}",
        " · ".join(filter(None, (one.gene, one.coarse))),
        f"{one.guess}? {one.probability:.0%}",
    )
