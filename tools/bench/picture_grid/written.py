"""A picture as a program wrote it, with the pixels that a right reader finds in it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["ALPHA", "COLOUR", "DEPTHS", "GREY", "Way", "Written", "deep", "flattened", "grey_rgb", "turned"]

HEIGHT, WIDTH = 22, 34


@dataclass(frozen=True)
class Written:
    """`data` are the file, `truth` uint8 (H, W, 3) its pixels; lossy ways may differ by `tolerance`."""

    data: bytes
    truth: NDArray[np.uint8]
    tolerance: int = 0


@dataclass(frozen=True)
class Way:
    """A way of writing the picture; `write` gives None where the program does not offer it."""

    name: str
    write: Callable[[], Written | None]


def _colour() -> NDArray[np.uint8]:
    """All of 0 … 255 is used; smooth, so that lossy ways keep it, and different at every corner."""
    down, right = np.mgrid[:HEIGHT, :WIDTH] / [[[HEIGHT - 1]], [[WIDTH - 1]]]
    picture = np.stack([right, down, 1 - (down + right) / 2], axis=2) * 255
    return picture.round().astype(np.uint8)


COLOUR = _colour()
GREY: NDArray[np.uint8] = np.ascontiguousarray(COLOUR[..., 0])
ALPHA: NDArray[np.uint8] = np.linspace(1, 255, GREY.size).round().astype(np.uint8).reshape(GREY.shape)
DEPTHS = (9, 10, 11, 12, 13, 14, 15, 16)


def deep(values: NDArray[np.uint8], bits: int) -> NDArray[np.uint16]:
    """The values scaled to so many bits, so that scaling them back gives them exactly."""
    return np.asarray((values.astype(np.float64) * (2**bits - 1) / 255).round(), np.uint16)


def grey_rgb(values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(H, W) → (H, W, 3)."""
    return np.repeat(values[..., None], 3, axis=2)


def flattened(colour: NDArray[np.uint8], alpha: NDArray[np.uint8], multiplied: bool = False) -> NDArray[np.uint8]:
    """On white, as the formula says: colour · alpha + white · (1 - alpha)."""
    share = alpha[..., None] / 255
    shown = colour if multiplied else colour * share
    return np.minimum(shown + 255 * (1 - share), 255).round().astype(np.uint8)


def turned(picture: NDArray[np.uint8], orientation: int) -> NDArray[np.uint8]:
    """What a viewer shows of stored pixels; written out from the table of the TIFF and EXIF standards."""
    table = {
        1: picture,
        2: np.fliplr(picture),
        3: np.rot90(picture, 2),
        4: np.flipud(picture),
        5: picture.swapaxes(0, 1),
        6: np.rot90(picture, -1),
        7: np.rot90(picture, 2).swapaxes(0, 1),
        8: np.rot90(picture),
    }
    return np.ascontiguousarray(table[orientation])
