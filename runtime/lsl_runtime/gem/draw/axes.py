"""One genomewide expression map on axes: its colours, the outline of the mean embryo, percent egg length."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.egg_coordinates import EggBox
from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.draw.sheet import GREY, frame
from lsl_runtime.gem.draw.style import Style

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["EGG_LENGTH", "FLY_TASKS", "MEASURE", "colour_bar", "draw_map", "draw_outline", "has_outline", "round_top"]

FLY_TASKS = ("stage", "stage_range", "cv_terms")
"""Tasks whose images are embryos with anterior to the left."""

MEASURE = {"mean": "mean stain density", "fraction": "share of stained embryos"}
EGG_LENGTH = "percent egg length, anterior 0 to posterior 100"

_TOPS = np.outer([0.001, 0.01, 0.1, 1], [1, 1.5, 2, 2.5, 3, 4, 5, 6, 8]).ravel()


def round_top(value: float) -> float:
    """The round number, at most 1, at which a colour scale that must hold `value` ends; 1 for a blank map."""
    return float(_TOPS[np.searchsorted(_TOPS, min(value, 1) * (1 - 1e-6))]) if value > 0 else 1.0


def has_outline(gem: Gem) -> bool:
    """Whether any pixel is covered by half of the embryos."""
    return bool((gem.embryo >= 0.5).any())


def draw_map(axes: Axes, plane: NDArray[np.float32], top: float, style: Style) -> AxesImage:
    """A map (H, W) in the style's colours from 0 to `top`."""
    frame(axes)
    return axes.imshow(plane, cmap=style.colormap, vmin=0, vmax=top, interpolation="bilinear", aspect="auto")


def draw_outline(axes: Axes, gem: Gem, style: Style, labelled: bool = True, size: float = 9) -> None:
    """The outline of the mean embryo and, for flies, ticks at each fifth of the egg length, `labelled` or bare."""
    if not has_outline(gem):
        return
    height, width = gem.embryo.shape
    closed = np.pad(gem.embryo, 1)  # (H + 2, W + 2): an embryo that touches the frame has an outline there, too
    axes.contour(
        np.arange(-1, width + 1), np.arange(-1, height + 1), closed, levels=[0.5], colors=style.line, linewidths=0.9,
        alpha=0.8,
    )  # fmt: skip
    axes.set_xlim(-0.5, width - 0.5)
    axes.set_ylim(height - 0.5, -0.5)
    if gem.task in FLY_TASKS:
        egg, percents = EggBox(gem.embryo), np.arange(0, 101, 20)
        names = [str(percent) if labelled else "" for percent in percents]
        axes.set_xticks(egg.left - 0.5 + (egg.right - egg.left) * percents / 100, names)
        axes.tick_params(axis="x", labelsize=size, colors=GREY, length=3)
        if labelled:
            axes.set_xlabel(EGG_LENGTH, size=size, color=GREY)


def colour_bar(drawn: AxesImage, axes: Axes, label: str, **more: Any) -> None:
    """The scale of a drawn map on `axes`; `more` goes to matplotlib."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    bar = figure.colorbar(drawn, cax=axes, **more)
    bar.set_label(label, size=9, color=GREY, parse_math=False)
    bar.ax.locator_params(nbins=7)
    bar.ax.tick_params(labelsize=8, colors=GREY, length=2)
    bar.outline.set_visible(False)
    if np.asarray(drawn.get_cmap()(0.0))[:3].min() > 0.9:  # a pale end needs an edge on white paper
        bar.outline.set_visible(True)
        bar.outline.set(edgecolor=GREY, linewidth=0.5)
