"""The picture of a contrast: what speaks for a class and what for another, in all its images and in the surest."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from lsl_runtime.gem.build.contrast import Contrast, ContrastSample
from lsl_runtime.gem.draw.axes import colour_bar
from lsl_runtime.gem.draw.sheet import INK, WARNING, Sheet, frame, readable
from lsl_runtime.gem.draw.signed import SIGNED_COLOURS, draw_edges, signed_top

__all__ = ["draw_contrast"]

# Lengths in inches.
_PAGE, _MARGIN, _TOP, _BAR_PLACE, _BAR, _GAP, _DPI = 8.0, 0.45, 1.1, 0.3, 0.13, 0.12, 200
_ACROSS, _CAPTION = 3, 0.22


def draw_contrast(found: Contrast, path: str | Path) -> None:
    """Draws a contrast: the mean map with lines around significant cells, and the surest images above their own maps.

    Args:
        found: The contrast.
        path: The picture; its ending says whether PNG, SVG or PDF.

    Raises:
        ConfigError: The ending is another one.

    Example:
        >>> from lsl_runtime import build_contrast, draw_contrast
        >>> draw_contrast(build_contrast("store.h5", "4", "9"), "why-4-not-9.png")
    """
    _sheet(found).save(path, _DPI)


def _sheet(found: Contrast) -> Sheet:
    width, aspect = _PAGE - 2 * _MARGIN, found.mean.shape[0] / found.mean.shape[1]
    small = (width - (_ACROSS - 1) * _GAP) / _ACROSS
    below = _TOP + width * aspect + _BAR_PLACE + 0.75
    sheet = Sheet(_PAGE, below + (_CAPTION + 2 * small * aspect + 0.2 if found.samples else 0))
    first, second = readable(found.stage, 30), readable(found.against, 30)
    _headings(sheet, found, first, second)
    axes = sheet.axes(_MARGIN, _TOP, width, width * aspect)
    frame(axes)
    top, inside = signed_top(found.mean), np.where(found.embryo >= 0.5, found.mean, 0)
    drawn = axes.imshow(inside, cmap=SIGNED_COLOURS, vmin=-top, vmax=top, interpolation="bilinear", aspect="auto")
    draw_edges(axes, found.cells_for | found.cells_against, found.mean.shape)
    place = sheet.axes(_MARGIN, _TOP + width * aspect + _BAR_PLACE, width, _BAR)
    label = f"← speaks for {second}          contribution to the difference of logits          speaks for {first} →"
    colour_bar(drawn, place, label, orientation="horizontal")
    for column, sample in enumerate(found.samples[:_ACROSS]):
        _draw_sample(sheet, sample, _MARGIN + column * (small + _GAP), below, (small, small * aspect))
    return sheet


def _headings(sheet: Sheet, found: Contrast, first: str, second: str) -> None:
    what = found.task.replace("_", " ")
    sheet.text(_MARGIN, 0.2, f"Why {what} {first} and not {second}", 14, INK, weight="bold")
    counts = f"{found.n_images:,} images of {found.n_genes:,} genes that were given {first}; each gene counts once"
    sheet.text(_MARGIN, 0.5, counts, 9)
    cells = f"{int(found.cells_for.sum())} cells speak for {first}, {int(found.cells_against.sum())} for {second}"
    sheet.text(_MARGIN, 0.7, f"{cells} beyond chance, at a false discovery rate of 5 %: outlined", 9)
    sheet.text(_MARGIN, 0.9, found.caution, 9, WARNING, weight="bold")


def _draw_sample(sheet: Sheet, sample: ContrastSample, left: float, top: float, size: tuple[float, float]) -> None:
    sheet.text(left, top, readable(sample.gene or sample.id, 30), 8.5)
    scale = signed_top(sample.contributions)
    upper, lower = (sheet.axes(left, top + _CAPTION + row * (size[1] + 0.05), *size) for row in range(2))
    upper.imshow(sample.image, interpolation="bilinear", aspect="auto")
    lower.imshow(
        sample.contributions, cmap=SIGNED_COLOURS, vmin=-scale, vmax=scale, interpolation="bilinear", aspect="auto"
    )
    for axes in (upper, lower):
        frame(axes)
