"""Pictures written by OpenCV."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from picture_grid.written import ALPHA, COLOUR, GREY, Way, Written, deep, flattened, grey_rgb

__all__ = ["ways"]

TIFF_PACKINGS = (1, 2, 3, 4, 5, 7, 8, 32773, 32809, 32946, 34661, 34712, 34887, 34925, 50000, 50001)


def ways() -> Iterator[Way]:
    """PNG, TIFF, BMP and JPEG of every kind of pixels, with every packing and option that OpenCV has."""
    for name, pixels, truth in _kinds():
        for strategy, level in itertools.product(range(5), (0, 1, 9)):
            flags = [cv2.IMWRITE_PNG_STRATEGY, strategy, cv2.IMWRITE_PNG_COMPRESSION, level]
            words = f".png {name} strategy {strategy} level {level}"
            yield Way(words, partial(_saved, ".png", pixels, truth, flags))
        if pixels.dtype == np.uint8:  # of 16 bits it makes stripes
            write = partial(_saved, ".png", pixels, _two(pixels, truth), [cv2.IMWRITE_PNG_BILEVEL, 1])
            yield Way(f".png {name} bilevel", write)
        for packing, predictor, rows in itertools.product(TIFF_PACKINGS, (1, 2, 3), (1, 64)):
            flags = [cv2.IMWRITE_TIFF_COMPRESSION, packing, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
            flags += [cv2.IMWRITE_TIFF_ROWSPERSTRIP, rows]
            tolerance = 40 if packing == 7 else 0
            write = partial(_saved, ".tif", pixels, truth, flags, tolerance)
            yield Way(f".tif {name} packing {packing} predictor {predictor} rows {rows}", write)
        yield Way(f".bmp {name}", partial(_saved, ".bmp", pixels, truth, []))
        for quality, progressive, optimized, sampling in itertools.product(
            (75, 95), (0, 1), (0, 1), (0x411111, 0x420000, 0x221111, 0x211111, 0x121111, 0x111111)
        ):
            flags = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_PROGRESSIVE, progressive]
            flags += [cv2.IMWRITE_JPEG_OPTIMIZE, optimized, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, sampling]
            words = f".jpg {name} {quality} {progressive} {optimized} {sampling:x}"
            yield Way(words, partial(_saved, ".jpg", pixels, truth, flags, tolerance=25))


def _kinds() -> Iterator[tuple[str, NDArray[Any], NDArray[np.uint8]]]:
    for bits in (8, 16):
        grey, colour = (GREY, COLOUR) if bits == 8 else (deep(GREY, 16), deep(COLOUR, 16))
        alpha = ALPHA if bits == 8 else deep(ALPHA, 16)
        yield f"grey {bits}", grey, grey_rgb(GREY)
        yield f"colour {bits}", np.ascontiguousarray(colour[..., ::-1]), COLOUR
        yield f"alpha {bits}", np.dstack([colour[..., ::-1], alpha]), flattened(COLOUR, ALPHA)
    for camera in (10, 12, 14):
        yield f"grey {camera} in 16", deep(GREY, camera), grey_rgb(GREY)
        yield f"colour {camera} in 16", np.ascontiguousarray(deep(COLOUR, camera)[..., ::-1]), COLOUR
    for dtype in (np.int8, np.int16, np.int32, np.float32, np.float64):
        yield f"grey {dtype.__name__}", GREY.astype(dtype), grey_rgb(GREY)
        yield f"colour {dtype.__name__}", np.ascontiguousarray(COLOUR[..., ::-1].astype(dtype)), COLOUR


def _two(pixels: NDArray[Any], truth: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Black and white: OpenCV makes every value above 0 white in grey pictures, and leaves others."""
    return np.where(truth > 0, 255, 0).astype(np.uint8) if pixels.ndim == 2 else truth


def _saved(
    ending: str, pixels: NDArray[Any], truth: NDArray[np.uint8], flags: list[int], tolerance: int = 0
) -> Written | None:
    whole = pixels.dtype in (np.uint8, np.uint16)
    if ending in (".jpg", ".bmp") and pixels.dtype != np.uint8:  # it would round or cut to 8 bits first
        return None
    if ending == ".png" and not whole:
        return None
    try:
        made, data = cv2.imencode(ending, pixels, flags)
    except cv2.error:
        return None
    if made and ending == ".jpg" and pixels.ndim == 3 and pixels.shape[2] == 4:
        truth = COLOUR  # a JPEG has no alpha
    return Written(data.tobytes(), truth, tolerance) if made else None
