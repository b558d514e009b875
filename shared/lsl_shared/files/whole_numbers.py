"""Whole numbers as any program writes them: as floats, with NaN or R's NA where something is unknown."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["UNKNOWN", "whole_numbers"]

UNKNOWN = -1
"""What NaN and NA become."""
_NA_OF_R = np.iinfo(np.int32).min
"""How R writes the NA of its whole numbers."""


def whole_numbers(values: NDArray[Any]) -> NDArray[np.int64]:
    """Numbers as int64 of the same shape, NaN and R's NA as −1. Raises ValueError where one is no whole number."""
    if values.dtype.kind == "f":
        unknown = np.isnan(values)
        known = np.where(unknown, UNKNOWN, values)
        broken = known[~np.isfinite(known) | (known != np.round(known)) | (np.abs(known) > 2**53)]
        if broken.size:
            raise ValueError(f"must be whole numbers, found {broken[0]}")
        return known.astype(np.int64)
    wholes = values.astype(np.int64)
    return np.where(wholes == _NA_OF_R, UNKNOWN, wholes) if values.dtype.itemsize == 4 else wholes
