"""The photograph that all files are of, and what is to be expected of each file."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["CHANNELS", "SIZE", "Writer", "Written", "fitting", "photograph", "planes"]

SIZE = (48, 80)
CHANNELS = ("DAPI", "GFP", "Brightfield")
"""What three channels are called that are no colours."""


@dataclass(frozen=True)
class Written:
    """A file or folder: in each of its `scenes` the photograph is to be found.

    `expected`: "same" pixels; "near" where a packing loses some; "third" where the channel Brightfield, which holds
    blue, is asked for; "doubted" where the axes say that it is a stack of three planes.
    """

    name: str
    scenes: int = 1
    expected: str = "same"


@dataclass(frozen=True)
class Writer:
    """A library by its name on the package index, and what writes files with it into a folder."""

    library: str
    write: Callable[[Path, NDArray[np.uint8]], Iterator[Written]]


def photograph() -> NDArray[np.uint8]:
    """A drawn embryo, uint8 (48, 80, 3), RGB: no two of its channels are alike."""
    height, width = SIZE
    y, x = np.mgrid[0:height, 0:width]
    across, along = (y - height / 2 + 0.5) / (height * 0.30), (x - width / 2 + 0.5) / (width * 0.36)
    inside = along**2 + across**2 <= 1
    drawn = np.empty((height, width, 3), np.uint8)
    drawn[:] = (236, 238, 232)
    drawn[inside] = (176, 150, 118)
    drawn[inside & (along < -0.2)] = (96, 84, 170)
    drawn[inside & (across < -0.4)] = (160, 120, 60)
    return drawn


def planes(picture: NDArray[Any]) -> NDArray[Any]:
    """(H, W, 3) → (3, H, W)."""
    return np.ascontiguousarray(np.moveaxis(picture, 2, 0))


def fitting(function: Callable[..., Any], **wanted: object) -> dict[str, Any]:
    """Those of the arguments that this version of the function has."""
    known = inspect.signature(function).parameters
    return {name: value for name, value in wanted.items() if name in known}
