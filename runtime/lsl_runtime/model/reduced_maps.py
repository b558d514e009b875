"""Saliency maps at a whole part of the images' resolution: each value is the mean of a block of pixels."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError

__all__ = ["COARSEST", "check_reduction", "reduced_maps"]

COARSEST = 4
"""Masks are smoothed by 4 pixels: blocks of more would be seen in them."""


def check_reduction(by: int, size: tuple[int, int] | None = None) -> None:
    """Raises ConfigError where maps cannot be reduced by that, of images of that size if it is known."""
    if not 1 <= by <= COARSEST:
        raise ConfigError(f"saliency maps can be reduced by 1 to {COARSEST}, received {by}")
    if size and any(side % by for side in size):
        sides = " and ".join(map(str, size))
        raise ConfigError(f"saliency maps cannot be reduced by {by}: {sides} pixels are not whole blocks of {by}")


def reduced_maps(maps: NDArray[Any], by: int) -> NDArray[Any]:
    """Maps (n, H, W) → (n, H / by, W / by): the mean of each block, so that sums stay in proportion."""
    if by == 1:
        return maps
    rows = maps[:, ::by]
    for place in range(1, by):
        rows = rows + maps[:, place::by]
    columns = rows[:, :, ::by]
    for place in range(1, by):
        columns = columns + rows[:, :, place::by]
    return np.asarray(columns * np.float32(1 / by**2), maps.dtype)
