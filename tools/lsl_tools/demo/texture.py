"""Fixed fields of grain: yolk granules, cells, sensor noise. Every photograph shows a random window of them."""

from __future__ import annotations

from functools import cache
from typing import Final, Literal

import cv2
import numpy as np

from lsl_tools.demo.pose import HEIGHT, WIDTH, FloatArray

__all__ = ["Window", "draw_window", "grain"]

Kind = Literal["granules", "cells", "folds", "blotches", "sensor"]
Window = tuple[int, int, bool, bool]

_SPREADS: Final[dict[str, tuple[float, ...]]] = {
    "granules": (0.9, 1.8),
    "cells": (0.7, 1.4),
    "folds": (2.4, 4.0),
    "blotches": (5.0, 9.0),
    "sensor": (0.0,),
}
_ROWS, _COLUMNS = 512, 1024


def draw_window(generator: np.random.Generator) -> Window:
    """Where in the fields a photograph looks: row, column, mirrored up-down, mirrored left-right."""
    row, column = generator.integers(_ROWS - HEIGHT), generator.integers(_COLUMNS - WIDTH)
    return int(row), int(column), bool(generator.integers(2)), bool(generator.integers(2))


def grain(kind: Kind, window: Window) -> FloatArray:
    """A float32 (128, 320) window of one field, mean 0 and deviation 1 over the whole field."""
    row, column, flipped, mirrored = window
    view = _field(kind)[row : row + HEIGHT, column : column + WIDTH]
    return view[:: -1 if flipped else 1, :: -1 if mirrored else 1]


@cache
def _field(kind: Kind) -> FloatArray:
    generator = np.random.default_rng([20130713, list(_SPREADS).index(kind)])
    total: FloatArray = np.zeros((_ROWS, _COLUMNS), np.float32)
    for spread in _SPREADS[kind]:
        noise = generator.standard_normal((_ROWS, _COLUMNS), np.float32)
        if spread:
            noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), spread))
        total += noise / noise.std()
    total /= total.std()
    return total
