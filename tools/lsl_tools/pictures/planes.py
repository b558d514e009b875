"""One picture out of a stack with named axes: first time, middle plane, grey or three colours."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError

__all__ = ["COLOURS_AS_X", "MAX_PIXELS", "check_stack", "one_picture"]

MAX_PIXELS = 100_000_000
"""A larger picture is refused before it is decoded."""
COLOURS_AS_X = (3, 4)
"""Pixels a line of what is no picture, but colours whose axis was taken for X."""


def check_stack(axes: str, shape: tuple[int, ...]) -> None:
    """Refuses, before a pixel is decoded, what would not fit into memory. Raises ImageError."""
    pixels = int(np.prod([int(side) for side in shape]))
    if pixels > 16 * MAX_PIXELS or pixels < 1:
        raise ImageError(f"has {'×'.join(map(str, shape))} values, at most {16 * MAX_PIXELS // 10**6} million are read")
    sides = [int(side) for axis, side in zip(axes, shape, strict=True) if axis in "YX"]
    if len(sides) != 2 or int(np.prod(sides)) > MAX_PIXELS:
        raise ImageError(f"has axes {axes} of {shape}, expected Y and X of at most {MAX_PIXELS // 10**6} megapixels")


def one_picture(values: NDArray[Any], axes: str) -> tuple[NDArray[Any], tuple[str, ...]]:
    """The picture (H, W, 1, 3 or 4) of an array with axes such as TCZYX or YXS, and remarks on what was left out.

    A stack of lines of 3 pixels is a photograph in colour whose axes were not named: it is read as one.
    """
    remarks = []
    if "Z" in axes and not {"C", "S"}.intersection(axes) and values.shape[axes.index("X")] in COLOURS_AS_X:
        axes = axes.replace("X", "S").replace("Y", "X").replace("Z", "Y")
        remarks.append("axes Z, Y, X of which X has 3 pixels: they are taken as Y, X and colour")
    for axis in [axis for axis in axes if axis not in "YXCS"]:
        place = axes.index(axis)
        count, what = values.shape[place], {"Z": "planes", "T": "times"}.get(axis, f"pictures along {axis}")
        if count > 1:
            remarks.append(f"{count} {what}: the {'middle one' if axis == 'Z' else 'first'} is taken")
        values = values.take(count // 2 if axis == "Z" else 0, axis=place)
        axes = axes.replace(axis, "", 1)
    channels = [axis for axis in axes if axis in "CS" and values.shape[axes.index(axis)] > 1]
    if len(channels) > 1:
        raise ImageError(f"has axes {axes} of {values.shape}, expected one axis of colours")
    order = [axes.index("Y"), axes.index("X"), *(axes.index(axis) for axis in axes if axis in "CS")]
    flat = values.transpose(order).reshape(values.shape[axes.index("Y")], values.shape[axes.index("X")], -1)
    if flat.shape[2] not in (1, 3, 4):
        raise ImageError(f"has {flat.shape[2]} channels, expected grey or RGB from a transmitted-light camera")
    return flat, tuple(remarks)
