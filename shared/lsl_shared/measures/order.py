"""Order statistics near an end of many values, found among a few of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["nth_smallest", "percentile"]

_FEW = 2048  # below it there is nothing to gain
_EVERY = 16  # of the values are looked at for a guess
_MARGIN = 0.03  # of the values, which keeps the guess on the safe side nearly always


def nth_smallest(values: NDArray[np.float32], place: int) -> float:
    """The value at `place`, 0 … n − 1, of the sorted `values`, float32 (n,)."""
    few, place = _end(values, place)
    return float(np.partition(few, place)[place])


def percentile(values: NDArray[np.float32], percent: float) -> float:
    """np.percentile of `values`, float32 (n,): between neighbours in proportion."""
    exact = percent / 100 * (len(values) - 1)
    few, place = _end(values, int(exact))
    ordered = np.partition(few, place)
    below = float(ordered[place])
    above = float(ordered[place + 1 :].min()) if place + 1 < len(few) else below
    return below + (above - below) * (exact - int(exact))


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
    return min(int((share + _MARGIN if low else share - _MARGIN) * count), count - 1)
