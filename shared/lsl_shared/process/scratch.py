"""Arrays that each thread keeps and fills again for every image.

A plane of 128 × 320 float32 is large enough for the C library to ask the system for fresh memory each time, and the
page faults cost half as much as the arithmetic on it.
"""

from __future__ import annotations

from math import prod
from threading import local
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

__all__ = ["scratch"]


class _Kept(local):
    def __init__(self) -> None:
        self.arrays: dict[str, NDArray[Any]] = {}


_KEPT = _Kept()


def scratch(name: str, shape: tuple[int, ...], dtype: DTypeLike = np.float32) -> NDArray[Any]:
    """This thread's array of that name, with whatever is left in it; the next call with the name may overwrite it.

    For each name room is kept, for the most that was asked for. Never hand one out to callers.
    """
    found, size = _KEPT.arrays.get(name), prod(shape)
    if found is not None and found.shape == shape and found.dtype == dtype:
        return found
    room = None if found is None else found.base
    if room is None or room.size < size or room.dtype != dtype:
        room = np.empty(size, dtype)
    found = _KEPT.arrays[name] = room[:size].reshape(shape)
    return found
