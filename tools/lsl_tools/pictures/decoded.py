"""What a decoder hands on: values as they were stored, and what is known about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

__all__ = ["Decoded"]


@dataclass(frozen=True)
class Decoded:
    """`values` uint8 or uint16 (H, W) or (H, W, C), of `bits` bits: grey, grey with alpha, RGB or RGB with alpha.

    `negative`: 0 is white. `multiplied`: the colours are multiplied by alpha. `turned`: the orientation that the file
    states is obeyed already.
    """

    values: NDArray[Any]
    bits: int
    negative: bool = False
    multiplied: bool = False
    turned: bool = False
    remarks: tuple[str, ...] = ()
