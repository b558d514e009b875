"""The picture of a comparison: where the first map is higher, where the second, and which cells are discoveries."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lsl_runtime.gem.comparison.comparison import GemComparison
from lsl_runtime.gem.draw.axes import colour_bar, round_top
from lsl_runtime.gem.draw.sheet import INK, Sheet, frame, readable
from lsl_runtime.gem.draw.signed import SIGNED_COLOURS, draw_edges

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["draw_comparison"]

# Lengths in inches.
_PAGE, _MARGIN, _TOP, _BAR_PLACE, _BAR, _DPI = 8.0, 0.45, 1.0, 0.3, 0.13, 200


def draw_comparison(found: GemComparison, path: str | Path) -> None:
    """Draws a comparison on its grid, with a line around cells that are discoveries.

    Args:
        found: The comparison.
        path: The picture; its ending says whether PNG, SVG or PDF.

    Raises:
        ConfigError: The ending is another one.

    Example:
        >>> from lsl_runtime import GemSide, compare_gems, draw_comparison
        >>> draw_comparison(compare_gems("store.h5", GemSide("4"), GemSide("9")), "difference.png")
    """
    _sheet(found).save(path, _DPI)


def _sheet(found: GemComparison) -> Sheet:
    width = _PAGE - 2 * _MARGIN
    height = width * found.difference.shape[0] / found.difference.shape[1]
    sheet = Sheet(_PAGE, _TOP + height + _BAR_PLACE + 0.75)
    first, second = (readable(name, 30) for name in found.names)
    _headings(sheet, found, first, second)
    drawn = _map(sheet.axes(_MARGIN, _TOP, width, height), found)
    place = sheet.axes(_MARGIN, _TOP + height + _BAR_PLACE, width, _BAR)
    label = f"← higher in {second}          difference          higher in {first} →"
    colour_bar(drawn, place, label, orientation="horizontal")
    return sheet


def _headings(sheet: Sheet, found: GemComparison, first: str, second: str) -> None:
    kind = "Masked maps" if found.masked else "Maps"
    sheet.text(_MARGIN, 0.2, f"{kind}: {first} minus {second}", 14, INK, weight="bold")
    sides = zip((first, second), found.n_images, found.n_genes, strict=True)
    counts = "  ·  ".join(f"{name}: {images:,} images, {genes:,} genes" for name, images, genes in sides)
    sheet.text(_MARGIN, 0.5, counts, 9)
    discoveries, compared = int(found.significant.sum()), int((~np.isnan(found.t)).sum())
    rate = f"at a false discovery rate of {100 * found.rate:g} %"
    sheet.text(_MARGIN, 0.7, f"{discoveries} of {compared} cells differ {rate}: outlined", 9)


def _map(axes: Axes, found: GemComparison) -> AxesImage:
    inside = np.where(np.isnan(found.t), np.nan, found.difference)
    top = round_top(float(np.nanmax(np.abs(inside), initial=0.0)))
    drawn = axes.imshow(inside, cmap=SIGNED_COLOURS, vmin=-top, vmax=top, interpolation="nearest", aspect="auto")
    frame(axes)
    draw_edges(axes, found.significant, inside.shape)
    return drawn
