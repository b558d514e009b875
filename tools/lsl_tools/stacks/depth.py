"""The pixels of a stack as 8 bits: what they were, or scaled by the one rule for the bits of a camera."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.pictures.camera_bits import eight_bits, used_bits

__all__ = ["Depth", "depth_of"]


@dataclass(frozen=True)
class Depth:
    """How many bits the values of a stack have, the same for all of its images."""

    bits: int = 8
    notes: tuple[str, ...] = ()

    def pixels(self, values: NDArray[Any]) -> NDArray[np.uint8]:
        """Values of any shape as uint8, the greatest possible one as 255."""
        return eight_bits(values, self.bits)


def depth_of(dtype: np.dtype[Any], blocks: Callable[[], Iterable[NDArray[Any]]]) -> Depth:
    """The depth of a stack; whole numbers of more than 8 bits are read once through for it.

    Raises ImageError for numbers that are no pixels of 8 or 16 bits.
    """
    if dtype == np.uint8:
        return Depth()
    if dtype.kind not in "ui":
        raise ImageError(f"expected whole numbers from 0 to 255, found {dtype}; {_cure(dtype)}")
    least, most = 0, 0
    for block in blocks():
        least, most = min(least, int(block.min(initial=0))), max(most, int(block.max(initial=0)))
    if least < 0 or most > 65535:
        raise ImageError(f"expected whole numbers from 0 to 255, or to 65535 of 16 bits, found {least} … {most}")
    bits, notes = used_bits(np.array([most]), 16)
    return Depth(bits, tuple(f"images: {dtype}, {note}" for note in notes) if bits > 8 else ())


def _cure(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return (
            "of values from 0 to 1 write (255 * images).round().astype('uint8') in Python, "
            "uint8(255 * images) in MATLAB"
        )
    return "write (255 * images).astype('uint8')" if dtype.kind == "b" else "write images as uint8"
