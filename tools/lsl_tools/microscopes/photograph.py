"""The photograph that a scene is: first time, middle plane, one channel or three colours, eight bits."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.channels import chosen_channels
from lsl_tools.microscopes.stack import Stack
from lsl_tools.pictures.decoded import Decoded
from lsl_tools.pictures.planes import MAX_PIXELS
from lsl_tools.pictures.read_image import Picture, shown

__all__ = ["check_size", "photograph_of"]

_COLOURS = 3
_LARGEST = 10_000.0  # µm: no microscope has larger pixels


def check_size(size: tuple[int, int]) -> None:
    """Refuses a plane (H, W) that is empty or too large, before a pixel is decoded. Raises ImageError."""
    height, width = size
    if height < 1 or width < 1 or height * width > MAX_PIXELS:
        most = f"at most {MAX_PIXELS // 10**6} megapixels are read"
        raise ImageError(f"has {height}×{width} pixels, {most}: scale it down, or cut out what is needed")


def photograph_of(stack: Stack, channel: str = "") -> Picture:
    """The pixels of a scene. `channel` names the one to take where there are several. Raises ImageError."""
    check_size(stack.size)
    channels = chosen_channels(stack, channel)
    places = {axis: length // 2 if axis == "Z" else 0 for axis, length in stack.lengths.items()}
    planes = [_checked(stack.plane({**places, "C": place}), stack.size) for place in channels]
    values = planes[0] if len(planes) == 1 else np.dstack(planes)
    picture = shown(Decoded(values, _bits(values, stack.bits), remarks=(*stack.remarks, *_left_out(stack, values))))
    return Picture(picture.pixels, picture.remarks, _plausible(stack.pixel_size))


def _checked(plane: NDArray[Any], size: tuple[int, int]) -> NDArray[Any]:
    if plane.shape[:2] != size or plane.ndim not in (2, 3):
        raise ImageError(f"is damaged: a plane has shape {plane.shape}, expected {size}")
    return plane


def _bits(values: NDArray[Any], stated: int) -> int:
    """The stated bits where the values keep to them: microscopes put 10, 12 or 14 bits into 16."""
    whole = 8 * values.dtype.itemsize
    keeps = 8 < stated < whole and values.dtype.kind == "u" and int(values.max(initial=0)) < 1 << stated
    return stated if keeps else whole


def _left_out(stack: Stack, values: NDArray[Any]) -> tuple[str, ...]:
    told = {"Z": "planes: the middle one", "T": "times: the first"}
    remarks = []
    for axis, length in stack.lengths.items():
        if axis != "C" and length > 1:
            remarks.append(f"{length} {told.get(axis, f'pictures along {axis}: the first')} is taken")
    if stack.lengths.get("Z") == _COLOURS and stack.lengths.get("C", 1) == 1 and values.ndim == 2:
        remarks.append("3 planes and no channels: if they are red, green and blue, write that axis as c and not as z")
    return tuple(remarks)


def _plausible(pixel_size: tuple[float, float] | None) -> tuple[float, float] | None:
    return pixel_size if pixel_size and all(0 < side < _LARGEST for side in pixel_size) else None
