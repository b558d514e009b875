"""Which axis of a stack counts images, rows, columns and colours: n, h, w and c, in the order that h5ls shows."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError

__all__ = ["Writer", "axes_of", "check_axes", "images_first"]

Writer = Literal["hdf5", "matlab", "numpy"]
"""What wrote a file: an HDF5 file does not always tell that MATLAB did."""

_COLOURS = (1, 3)
_LIKELY: dict[Writer, dict[int, tuple[str, ...]]] = {
    "numpy": {4: ("nhwc", "nchw", "cwhn", "hwcn"), 3: ("nhw",)},
    "hdf5": {4: ("nhwc", "nchw", "ncwh", "cwhn", "hwcn"), 3: ("nhw", "whn")},
    "matlab": {4: ("nhwc", "ncwh", "cwhn"), 3: ("nwh", "whn")},
}
"""The orders that a writer's stacks come in, the likeliest first: MATLAB turns the axes of its arrays."""
_MEANT = {
    "nchw": "channels first, as in PyTorch", "ncwh": "H × W × 3 × N in MATLAB or R", "hwcn": "images last",
    "cwhn": "N × H × W × 3 in MATLAB or R", "whn": "N × H × W in MATLAB or R", "nwh": "H × W × N in MATLAB or R",
    "nhwc": "images first", "nhw": "images first",
}  # fmt: skip


def axes_of(shape: tuple[int, ...], writer: Writer, count: int | None = None) -> tuple[str, str]:
    """The order of the axes of a stack of that shape, such as "nhwc", and what it means in words.

    `count` is the number of images, where labels tell it. Raises ConfigError where no order fits, or several do and
    only the user can tell.
    """
    fitting = [axes for axes in _LIKELY[writer].get(len(shape), ()) if _fits(axes, shape, count)]
    if not fitting:
        raise ConfigError(_none_fits(shape, count))
    surest = fitting[0] in ("nhwc", "nhw") and writer != "matlab"
    if len(fitting) > 1 and not surest and not (writer == "numpy" and fitting[0] == "nchw"):
        choices = " or ".join(f"--axes {axes} ({_MEANT[axes]})" for axes in fitting)
        raise ConfigError(f"the order of the axes of {shape} is not sure: add {choices}")
    return fitting[0], _MEANT[fitting[0]]


def check_axes(axes: str, shape: tuple[int, ...], count: int | None = None) -> None:
    """Raises ConfigError where the order that a user gave is none, or does not fit the stack."""
    if sorted(axes) not in (sorted("nhwc"), sorted("nhw")) or len(axes) != len(shape):
        raise ConfigError(f"--axes takes each of n, h, w, and c for colours, once, for {shape}; received {axes!r}")
    if not _fits(axes, shape, count):
        raise ConfigError(f"--axes {axes} does not fit {shape}: {_none_fits(shape, count)}")


def images_first(block: NDArray[Any], axes: str) -> NDArray[Any]:
    """A part of a stack as (n, H, W, C), C = 1 or 3."""
    turned = np.transpose(block, [axes.index(axis) for axis in "nhwc" if axis in axes])
    return turned if "c" in axes else turned[..., None]


def _fits(axes: str, shape: tuple[int, ...], count: int | None) -> bool:
    sides = dict(zip(axes, shape, strict=True))
    return (
        sides.get("c", 1) in _COLOURS
        and count in (None, sides["n"])
        and min(sides["h"], sides["w"]) > max(_COLOURS)
        and sides["n"] > (max(_COLOURS) if axes == "whn" and count is None else 0)  # one picture is no stack
    )


def _none_fits(shape: tuple[int, ...], count: int | None) -> str:
    counted = f", {count:,} of them as there are labels" if count is not None else ""
    return f"expected images of one or three colours{counted}, found {shape}"
