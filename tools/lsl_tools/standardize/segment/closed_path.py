"""The cheapest closed path through a band around a closed curve, by dynamic programming."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["closed_paths"]

FARTHEST: Final = 2  # columns between neighbouring rows
MOVES: Final = (0, -1, 1, -2, 2)  # straight on where several are as cheap
LEAD: Final = 4  # of the rows, one in so many is gone through once more before and after

FloatArray = NDArray[np.float32]


def closed_paths(cost: NDArray[Any], bend: float) -> NDArray[np.int64]:
    """The cheapest way through each of K bands, and back: the columns (K, n) in the rows of `cost` (K, n, D).

    Neighbouring rows differ by at most two columns, at `bend` times the square of the difference. It is found over one
    and a half turns, of which the middle one is kept: there the ends no longer matter.
    """
    many, count, width = cost.shape
    lead = count // LEAD
    rows = np.arange(-lead, count + lead) % count
    layers = np.ascontiguousarray(cost.transpose(1, 0, 2), np.float32)[rows]
    totals = np.full((len(rows), many, width + 2 * FARTHEST), np.inf, np.float32)
    totals[0, :, FARTHEST:-FARTHEST] = layers[0]
    near, far = np.empty((2, many, width), np.float32)
    for row in range(1, len(rows)):
        before = totals[row - 1]
        np.minimum(before[:, 1:-3], before[:, 3:-1], out=near)
        np.minimum(before[:, :-4], before[:, 4:], out=far)
        near += np.float32(bend)
        far += np.float32(4 * bend)
        np.minimum(near, far, out=near)
        np.minimum(near, before[:, 2:-2], out=near)
        np.add(near, layers[row], out=totals[row, :, FARTHEST:-FARTHEST])
    return _traced_back(totals, bend)[lead : lead + count].T


def _traced_back(totals: FloatArray, bend: float) -> NDArray[np.int64]:
    """The columns (rows, K) on the cheapest ways, from totals (rows, K, D + 4)."""
    width = totals.shape[2] - 2 * FARTHEST
    reached = np.stack([totals[:-1, :, FARTHEST + move :][..., :width] + np.float32(bend * move**2) for move in MOVES])
    moves = np.array(MOVES)[reached.argmin(axis=0)].tolist()  # lists, because they are read one by one
    path = [(totals[-1].argmin(axis=1) - FARTHEST).tolist()]
    for row in reversed(moves):
        path.append([column + way[column] for column, way in zip(path[-1], row, strict=True)])
    return np.array(path[::-1], np.int64)
