"""From 9 to 16 bits to 8: one rule for all pictures, whatever camera they come from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["eight_bits", "used_bits"]

_CAMERAS = (8, 10, 12, 14, 16)
"""Bits that cameras have. A picture that uses 11 is one of 12 that is a little dark, and shall stay so."""


def used_bits(values: NDArray[Any], stated: int) -> tuple[int, tuple[str, ...]]:
    """The bits of the camera that took a picture, and a remark where they are fewer than the 16 that are stated.

    A picture of 16 bits may hold 10, 12 or 14 of a camera: the fewest of these that its brightest value fits in. Other
    depths are what they are stated to be.
    """
    if stated != 16:
        return stated, ()
    used = int(values.max(initial=0)).bit_length()
    bits = next(camera for camera in _CAMERAS if used <= camera)
    if used > 15:
        return bits, ()
    return bits, (f"16 bits of which at most {bits if bits < 16 else used} are used: {2**bits - 1} becomes white",)


def eight_bits(values: NDArray[Any], bits: int) -> NDArray[np.uint8]:
    """Values of so many bits, of any shape, scaled so that the greatest possible one becomes 255."""
    if bits == 8:
        return values.astype(np.uint8, copy=False)
    most = 2**bits - 1
    return np.asarray((values.astype(np.uint32) * 510 + most) // (2 * most), np.uint8)
