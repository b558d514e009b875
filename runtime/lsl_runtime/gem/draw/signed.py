"""Maps with a sign: a scale with white at 0, and lines around the cells of a grid that are significant."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.landmark_map import LandmarkMap
from lsl_runtime.gem.draw.sheet import INK, frame

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

__all__ = ["SIGNED_COLOURS", "draw_edges", "draw_landmark_map", "signed_top"]

SIGNED_COLOURS = "PuOr_r"
"""Diverging, even in lightness on both sides, and told apart by those who see no red and green."""

_PERCENTILE = 99.8


def signed_top(plane: NDArray[np.floating]) -> float:
    """Where both ends of the scale of a map (H, W) lie: at a high percentile of its size, so that no pixel rules it."""
    return float(np.percentile(np.abs(plane), _PERCENTILE)) or 1.0


def draw_landmark_map(axes: Axes, gem: Gem, found: LandmarkMap, top: float) -> AxesImage:
    """The landmark map (H, W) of a class from -top to top, and lines around its significant cells."""
    frame(axes)
    inside = np.where(gem.embryo >= 0.5, found.mean, 0)
    drawn = axes.imshow(inside, cmap=SIGNED_COLOURS, vmin=-top, vmax=top, interpolation="bilinear", aspect="auto")
    draw_edges(axes, found.significant, gem.embryo.shape, width=0.9)
    return drawn


def draw_edges(axes: Axes, cells: NDArray[np.bool_], shape: tuple[int, ...], width: float = 1.1) -> None:
    """Lines between cells (h, w) that are marked and cells that are not, over a picture of `shape` (H, W)."""
    down, across = shape[0] / cells.shape[0], shape[1] / cells.shape[1]
    held = np.pad(cells, 1)
    upright = [((x, x), (y - 1, y)) for y, x in np.argwhere(held[:, 1:] != held[:, :-1])]
    level = [((x - 1, x), (y, y)) for y, x in np.argwhere(held[1:] != held[:-1])]
    for xs, ys in upright + level:
        places = [across * x - 0.5 for x in xs], [down * y - 0.5 for y in ys]
        axes.plot(*places, color=INK, linewidth=width, solid_capstyle="projecting")
    axes.set_xlim(-0.5, shape[1] - 0.5)
    axes.set_ylim(shape[0] - 0.5, -0.5)
