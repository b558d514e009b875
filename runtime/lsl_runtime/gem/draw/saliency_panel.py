"""Which pixels decide: sample images above their saliency maps, in grey, white where the model looks most."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.saliency_samples import SaliencySample
from lsl_runtime.gem.draw.sheet import INK, Sheet, frame, readable
from lsl_shared.errors import ConfigError

__all__ = ["draw_saliency"]

_PERCENTILE = 99.5
"""Of a map, shown as white, so that single pixels do not leave the rest in the dark."""

# Lengths in inches.
_PAGE, _MARGIN, _GAP, _TOP, _CAPTION, _DPI = 10.0, 0.3, 0.08, 0.85, 0.24, 200
_WIDEST = 5


def draw_saliency(samples: Sequence[SaliencySample], path: str | Path) -> None:
    """Draws images above their saliency maps, up to five a row, as in the paper's Figure 8.

    Each map has its own scale: white is its 99.5th percentile and above.

    Args:
        samples: The images with their maps, at least one.
        path: The picture; its ending says whether PNG, SVG or PDF.

    Raises:
        ConfigError: There is no sample, or the ending is another one.

    Example:
        >>> from lsl_runtime import draw_saliency, saliency_samples
        >>> draw_saliency(saliency_samples("store.h5", ["9"], 3), "saliency.png")
    """
    if not samples:
        raise ConfigError("a saliency panel needs at least one sample image")
    _sheet(samples).save(path, _DPI)


def shown_grey(saliency: NDArray[np.float32]) -> NDArray[np.float32]:
    """A map as it is shown, (H, W) in 0..1."""
    white = float(np.percentile(saliency, _PERCENTILE)) or float(saliency.max())
    return np.clip(saliency / white, 0, 1) if white > 0 else np.zeros_like(saliency)


def _sheet(samples: Sequence[SaliencySample]) -> Sheet:
    across = _across(len(samples))
    width = (_PAGE - 2 * _MARGIN - (across - 1) * _GAP) / across
    height = width * samples[0].image.shape[0] / samples[0].image.shape[1]
    row_height = _CAPTION + 2 * height + _GAP / 2 + 0.2
    sheet = Sheet(_PAGE, _TOP + -(-len(samples) // across) * row_height + 0.1)
    sheet.text(_MARGIN, 0.18, "Where the model looks", 14, INK, weight="bold")
    told = "Class given, gene and probability; the image, below it the saliency map. White pixels contribute most to"
    sheet.text(_MARGIN, 0.48, f"{told} that class; each map has its own scale.", 8.5)
    for place, sample in enumerate(samples):
        row, column = divmod(place, across)
        left, top = _MARGIN + column * (width + _GAP), _TOP + row * row_height
        sheet.text(left, top, _caption(sample, int(width * 14)), 8.5, INK)
        above = sheet.axes(left, top + _CAPTION, width, height)
        above.imshow(sample.image, interpolation="bilinear", aspect="auto")
        below = sheet.axes(left, top + _CAPTION + height + _GAP / 2, width, height)
        below.imshow(shown_grey(sample.saliency), cmap="gray", vmin=0, vmax=1, interpolation="bilinear", aspect="auto")
        frame(above)
        frame(below)
    return sheet


def _across(count: int) -> int:
    """Images a row: five at most, in rows as equal as can be."""
    rows = -(-count // _WIDEST)
    return max(-(-count // rows), 2)


def _caption(sample: SaliencySample, length: int) -> str:
    percent = "> 99 %" if sample.probability > 0.99 else f"{100 * sample.probability:.0f} %"
    name, room = readable(sample.stage, 20), length - len(readable(sample.stage, 20)) - len(percent) - 6
    return f"{name} · {readable(sample.gene or sample.id, max(room, 6))} · {percent}"
