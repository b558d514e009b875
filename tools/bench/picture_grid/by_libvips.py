"""Pictures written by libvips."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pyvips
from numpy.typing import NDArray
from PIL import Image

from picture_grid.written import ALPHA, COLOUR, GREY, Way, Written, deep, flattened, grey_rgb, turned

__all__ = ["ways"]

TIFF_PACKINGS = ("none", "jpeg", "deflate", "packbits", "ccittfax4", "lzw", "webp", "zstd", "jp2k")
LOSSY = ("jpeg", "webp", "jp2k")


def ways() -> Iterator[Way]:
    """Every kind of pixels in TIFF (packings, predictors, tiles, pyramids), PNG and JPEG, turned every way."""
    for name, pixels, kind, truth in _kinds():
        for orientation in range(1, 9):
            picture = pyvips.Image.new_from_array(pixels).copy(interpretation=kind).copy()
            picture.set_type(pyvips.GValue.gint_type, "orientation", orientation)
            shown = turned(truth, orientation)
            for words, options in _tiff_ways(orientation):
                yield Way(f".tif {name} turned {orientation} {words}", partial(_saved, picture, ".tif", shown, options))
            for interlaced, palette, bits in itertools.product((False, True), (False, True), (1, 2, 4, 8, 16)):
                options = {"interlace": interlaced, "palette": palette, "bitdepth": bits}
                write = partial(_saved, picture, ".png", shown, options)
                yield Way(f".png {name} turned {orientation} {options}", write)
            for quality, interlaced, subsampled in itertools.product((75, 95), (False, True), ("on", "off")):
                options = {"Q": quality, "interlace": interlaced, "subsample_mode": subsampled}
                write = partial(_saved, picture, ".jpg", shown, options)
                yield Way(f".jpg {name} turned {orientation} {options}", write)


def _kinds() -> Iterator[tuple[str, NDArray[Any], str, NDArray[np.uint8]]]:
    yield "grey 8", GREY, "b-w", grey_rgb(GREY)
    yield "colour 8", COLOUR, "srgb", COLOUR
    yield "grey 16", deep(GREY, 16), "grey16", grey_rgb(GREY)
    yield "colour 16", deep(COLOUR, 16), "rgb16", COLOUR
    yield "colour 12 in 16", deep(COLOUR, 12), "rgb16", COLOUR
    yield "alpha 8", np.dstack([COLOUR, ALPHA]), "srgb", flattened(COLOUR, ALPHA)
    yield "grey alpha 8", np.dstack([GREY, ALPHA]), "b-w", flattened(grey_rgb(GREY), ALPHA)
    yield "alpha 16", deep(np.dstack([COLOUR, ALPHA]), 16), "rgb16", flattened(COLOUR, ALPHA)
    yield "cmyk", np.dstack([255 - COLOUR, np.full_like(GREY, 40)]), "cmyk", _light(COLOUR)
    yield "float", GREY.astype(np.float32), "b-w", grey_rgb(GREY)
    yield "scRGB", (COLOUR / np.float32(255)).astype(np.float32), "scrgb", COLOUR


def _light(colour: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return (colour.astype(float) * (255 - 40) / 255).round().astype(np.uint8)


def _tiff_ways(orientation: int) -> Iterator[tuple[str, dict[str, Any]]]:
    """All ways upright, and one of each packing turned."""
    for packing in TIFF_PACKINGS:
        few = orientation > 1
        for predictor, tile, pyramid, big, sub in itertools.product(
            ("none", "horizontal", "float"), (False, True), (False, True), (False, True), (False, True)
        ):
            if few and (predictor != "none" or pyramid or big or sub):
                continue
            options = {
                "compression": packing, "predictor": predictor, "tile": tile, "tile_width": 16, "tile_height": 16,
                "pyramid": pyramid, "bigtiff": big, "subifd": sub,
            }  # fmt: skip
            yield f"{packing} {predictor} {tile=} {pyramid=} {big=} {sub=}", options
            if predictor == "none" and not pyramid:
                yield f"{packing} {tile=} {big=} {sub=} white is 0", {**options, "miniswhite": True}
                yield f"{packing} {tile=} {big=} {sub=} lossless", {**options, "lossless": True}
                for bits in (1, 2, 4):
                    yield f"{packing} {tile=} {big=} {sub=} {bits} bits", {**options, "bitdepth": bits}


def _saved(picture: pyvips.Image, ending: str, truth: NDArray[np.uint8], options: dict[str, Any]) -> Written | None:
    try:
        data = bytes(picture.write_to_buffer(ending, **options))
    except pyvips.Error:
        return None
    depth = 8 if picture.format == "uchar" else 16
    other = options.get("bitdepth", depth) != depth or options.get("palette")
    other = other or picture.interpretation in ("cmyk", "scrgb")
    packing = options.get("compression")
    lossy = ending == ".jpg" or packing == "jpeg" or (packing in LOSSY and not options.get("lossless"))
    known = _as_read(data) if other or lossy else truth
    return None if known is None else Written(data, known, _tolerance(picture, lossy))


def _tolerance(picture: pyvips.Image, lossy: bool) -> int:
    inks = picture.interpretation == "cmyk"
    return 3 if lossy or inks else 1 if picture.bands in (2, 4) else 0


def _as_read(data: bytes) -> NDArray[np.uint8] | None:
    """The file as libvips itself reads it, upright, in RGB on white; CMYK as Pillow reads it, None where it cannot."""
    read = pyvips.Image.new_from_buffer(data, "").autorot()
    if read.interpretation == "cmyk":
        try:
            with Image.open(io.BytesIO(data)) as kept:
                return turned(np.asarray(kept.convert("RGB")), kept.getexif().get(274, 1))
        except OSError:
            return None
    if read.format == "ushort":
        most = 65_535 if read.max() > 16_383 else 4095
        read = (read * (255 / most)).rint().cast("uchar")
    values = np.atleast_3d(read.numpy())
    colour, alpha = (values[..., :-1], values[..., -1]) if read.hasalpha() else (values, None)
    colour = np.repeat(colour, 3, axis=2) if colour.shape[2] == 1 else colour
    return colour.astype(np.uint8) if alpha is None else flattened(colour, alpha)
