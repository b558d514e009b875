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
    and a half turns, of which the middle one is kept: there the ends no longer matter. Both ends are gone through at
    once, towards the middle, where the cheapest meeting place tells the whole way.
    """
    many, count, _ = cost.shape
    lead = count // LEAD
    rows = np.arange(-lead, count + lead + count % 2) % count  # an even number of them
    half = len(rows) // 2
    both = np.stack([rows[:half], rows[::-1][:half]], axis=1)
    layers = np.ascontiguousarray(cost.transpose(1, 0, 2), np.float32)
    totals = _totals(layers[both].reshape(half, 2 * many, -1), bend)
    one, other = totals[-1].reshape(2, many, -1)
    paths = _traced_back(totals, _meeting(one, other, bend), bend).reshape(half, 2, many)
    whole = np.concatenate([paths[:, 0], paths[::-1, 1]])
    return np.ascontiguousarray(whole[lead : lead + count].T)


def _totals(layers: FloatArray, bend: float) -> FloatArray:
    """The cost of the cheapest way from the first row to each place, of layers (n, K, D): (n, K, D + 4)."""
    count, many, width = layers.shape
    totals = np.full((count, many, width + 2 * FARTHEST), np.inf, np.float32)
    totals[0, :, FARTHEST:-FARTHEST] = layers[0]
    near, far = np.empty((2, many, width), np.float32)
    once, twice = np.float32(bend), np.float32(4 * bend)
    for before, after, layer in zip(totals, totals[1:, :, FARTHEST:-FARTHEST], layers[1:], strict=False):
        np.minimum(before[:, 1:-3], before[:, 3:-1], out=near)
        np.minimum(before[:, :-4], before[:, 4:], out=far)
        near += once
        far += twice
        np.minimum(near, far, out=near)
        np.minimum(near, before[:, 2:-2], out=near)
        np.add(near, layer, out=after)
    return totals


def _meeting(one: FloatArray, other: FloatArray, bend: float) -> NDArray[np.int64]:
    """Where two ways meet cheapest, in neighbouring rows with totals (K, D + 4) each: the columns of both, (2 · K,)."""
    width = one.shape[1] - 2 * FARTHEST
    to = np.stack([other[:, FARTHEST + move :][:, :width] + np.float32(bend * move**2) for move in MOVES], axis=1)
    move, column = np.divmod((to + one[:, None, FARTHEST:-FARTHEST]).reshape(len(one), -1).argmin(axis=1), width)
    return np.concatenate([column, column + np.array(MOVES)[move]])


def _traced_back(totals: FloatArray, column: NDArray[np.int64], bend: float) -> NDArray[np.int64]:
    """The columns (n, K) on the cheapest ways that end at `column` (K,), from totals (n, K, D + 4)."""
    count, many, width = totals.shape
    moves = np.array(MOVES)
    reach = moves[:, None] + np.arange(many) * width + FARTHEST
    price = (bend * moves**2).astype(np.float32)[:, None]
    path = [column]
    for total in totals.reshape(count, -1)[-2::-1]:
        column = column + moves.take((total.take(reach + column) + price).argmin(axis=0))
        path.append(column)
    return np.array(path[::-1])
