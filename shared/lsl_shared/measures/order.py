"""Order statistics near an end of many values, found among a few of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["nth_smallest", "percentile", "percentile_inside"]

_FEW = 2048  # below it there is nothing to gain
_EVERY = 16  # of the values are looked at for a guess
_STEP = 4  # rows and columns of a plane from one that is looked at to the next
_MARGIN = 0.03  # of the values, which keeps the guess on the safe side nearly always


def nth_smallest(values: NDArray[np.float32], place: int) -> float:
    """The value at `place`, 0 … n − 1, of the sorted `values`, float32 (n,)."""
    few, place = _end(values, place)
    return float(np.partition(few, place)[place])


def percentile(values: NDArray[np.float32], percent: float) -> float:
    """np.percentile of `values`, float32 (n,): between neighbours in proportion."""
    exact = percent / 100 * (len(values) - 1)
    few, place = _end(values, int(exact))
    return _between(few, place, exact - int(exact))


def percentile_inside(plane: NDArray[np.float32], inside: NDArray[np.bool_], percent: float) -> float:
    """np.percentile of those values of a plane (H, W) that lie `inside`, bool (H, W), at least one: fast near 100.

    Every fourth row and column give a guess below it. What lies above the guess is all that is picked out.
    """
    count = int(np.count_nonzero(inside))
    exact = percent / 100 * (count - 1)
    some = plane[::_STEP, ::_STEP][inside[::_STEP, ::_STEP]]
    if not len(some):
        return percentile(plane[inside], percent)
    above = np.greater_equal(plane, np.partition(some, at := _safe(exact / count, False, len(some)))[at])
    few = plane[np.logical_and(above, inside, out=above)]
    place = int(exact) - (count - len(few))
    return _between(few, place, exact - int(exact)) if place >= 0 else percentile(plane[inside], percent)


def _between(few: NDArray[np.float32], place: int, share: float) -> float:
    """The value at `place` of the sorted `few`, and this share of the way to the next one."""
    ordered = np.partition(few, place)
    below = float(ordered[place])
    above = float(ordered[place + 1 :].min()) if place + 1 < len(few) else below
    return below + (above - below) * share


def _end(values: NDArray[np.float32], place: int) -> tuple[NDArray[np.float32], int]:
    """The end of the sorted values that holds `place` and the next one, in any order, and the place in it."""
    count, low = len(values), 2 * place < len(values)
    if count < _FEW:
        return values, place
    some = values[::_EVERY]
    guess = np.partition(some, at := _safe(place / count, low, len(some)))[at]
    few = values[values <= guess] if low else values[values >= guess]
    skipped = 0 if low else count - len(few)
    found = skipped <= place < skipped + len(few) - 1 or (not low and place == count - 1)
    return (few, place - skipped) if found else (values, place)


def _safe(share: float, low: bool, count: int) -> int:
    return min(max(int((share + _MARGIN if low else share - _MARGIN) * count), 0), count - 1)
