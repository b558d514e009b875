"""Places in percent of the egg: along from anterior 0 to posterior 100, across from dorsal 0 to ventral 100."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["EggBox"]


class EggBox:
    """The box of the mean embryo, from `embryo` (H, W) in 0..1: pixels that at least half of the embryos cover.

    The whole picture where no pixel is covered by half. `top`, `bottom`, `left`, `right` are borders, in pixels.
    """

    def __init__(self, embryo: NDArray[np.floating]) -> None:
        self.inside: NDArray[np.bool_] = embryo >= 0.5
        if not self.inside.any():
            self.inside = np.ones(embryo.shape, bool)
        rows, columns = np.flatnonzero(self.inside.any(1)), np.flatnonzero(self.inside.any(0))
        self.top, self.bottom = int(rows[0]), int(rows[-1]) + 1
        self.left, self.right = int(columns[0]), int(columns[-1]) + 1

    def length(self, x: float) -> float:
        """Percent egg length of a place `x`, in pixels from the left border of the picture."""
        return 100 * (x - self.left) / (self.right - self.left)

    def height(self, y: float) -> float:
        """Dorso-ventral percent of a place `y`, in pixels from the top border of the picture."""
        return 100 * (y - self.top) / (self.bottom - self.top)
