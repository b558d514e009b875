"""What all figures share: colours, confusion matrices, and how a picture becomes part of a page."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.image import AxesImage

__all__ = ["BLUE", "GREY", "RED", "SHARE_LABEL", "data_address", "draw_confusion", "new_figure", "png_of", "svg_of"]

BLUE, RED, GREY = "#2166ac", "#b2182b", "#8a93a0"
SHARE_LABEL = "share of the true class"


def new_figure(width: float, height: float) -> Figure:
    """An empty figure of that many inches."""
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def draw_confusion(
    axes: Axes, counts: NDArray[np.integer], classes: Sequence[str], font_size: float
) -> tuple[AxesImage, NDArray[np.float64]]:
    """Draws counts (K, K), true class by predicted class, as shares of each true class; returns these too.

    `classes` names the ticks: all K classes, or none for an axis without ticks.
    """
    shares = counts / np.maximum(counts.sum(1, keepdims=True), 1)
    picture = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    ticks = np.arange(len(classes))
    rotation = 90 if max(map(len, classes), default=0) > 3 else 0
    axes.set_xticks(ticks, classes, rotation=rotation, fontsize=font_size)
    axes.set_yticks(ticks, classes, fontsize=font_size)
    axes.set(xlabel="predicted", ylabel="true")
    return picture, shares


def svg_of(figure: Figure) -> str:
    """The figure as SVG text, which goes into a page as it is."""
    from matplotlib import rc_context

    stream = io.StringIO()
    with rc_context({"font.size": 9, "svg.hashsalt": "lsl"}):
        figure.savefig(stream, format="svg", metadata={"Date": None}, bbox_inches="tight")
    text = stream.getvalue()
    return text[text.index("<svg") :]


def png_of(figure: Figure, dpi: int) -> bytes:
    """The figure as the content of a PNG file."""
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=dpi)
    return stream.getvalue()


def data_address(kind: str, content: bytes) -> str:
    """An address for `<img src>` that holds the picture itself; `kind` is png or jpeg."""
    return f"data:image/{kind};base64,{base64.b64encode(content).decode()}"
