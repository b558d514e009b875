"""Pictures written by Pillow."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from picture_grid.written import ALPHA, COLOUR, GREY, Way, Written, deep, turned

__all__ = ["ways"]

TIFF_PACKINGS = (
    "raw", "group3", "group4", "jpeg", "lzma", "packbits", "tiff_adobe_deflate", "tiff_ccitt", "tiff_deflate",
    "tiff_jpeg", "tiff_lzw", "tiff_raw_16", "tiff_sgilog", "tiff_sgilog24", "tiff_thunderscan", "webp", "zstd",
)  # fmt: skip
LOSSY = ("jpeg", "tiff_jpeg", "webp")


def ways() -> Iterator[Way]:
    """Every mode in PNG, JPEG, BMP and TIFF with every packing, all orientations, subsamplings and kinds of alpha."""
    for mode, picture in _modes():
        for orientation in range(1, 9):
            exif = Image.Exif()
            exif[274] = orientation
            for kind, options in _ways():
                words = " ".join(f"{key}={value}" for key, value in options.items())
                write = partial(_saved, mode, picture, kind, {"exif": exif, **options})
                yield Way(f"{kind} {mode} turned {orientation} {words}", write)


def _modes() -> Iterator[tuple[str, Image.Image]]:
    colour = Image.fromarray(COLOUR)
    alpha = Image.fromarray(ALPHA)
    for mode in ("1", "L", "P", "RGB", "CMYK", "YCbCr", "LAB", "HSV", "I", "F"):
        yield mode, _lab(colour) if mode == "LAB" else colour.convert(mode)
    yield "LA", Image.merge("LA", [colour.getchannel(0), alpha])
    yield "RGBA", Image.merge("RGBA", [*colour.split(), alpha])
    yield "RGBX", Image.merge("RGBX", [*colour.split(), alpha])
    yield "I;16", Image.fromarray(deep(GREY, 16))
    yield "I;16 of 12", Image.fromarray(deep(GREY, 12))
    transparent = colour.quantize(16)
    transparent.info["transparency"] = bytes(range(0, 256, 16))
    yield "P with alpha", transparent
    for mode, level in (("L", 100), ("RGB", tuple(int(value) for value in COLOUR[5, 7])), ("1", 0)):
        one = colour.convert(mode)
        one.info["transparency"] = level
        yield f"{mode} with a transparent colour", one


def _lab(colour: Image.Image) -> Image.Image:
    srgb, lab = ImageCms.createProfile("sRGB"), ImageCms.createProfile("LAB", 5000)
    made = ImageCms.profileToProfile(colour, srgb, lab, outputMode="LAB")
    assert made is not None
    return made


def _ways() -> Iterator[tuple[str, dict[str, Any]]]:
    yield "PNG", {}
    yield "PNG", {"bits": 4}
    yield "BMP", {}
    for quality, subsampling, progressive in itertools.product((75, 95), (0, 1, 2), (False, True)):
        yield "JPEG", {"quality": quality, "subsampling": subsampling, "progressive": progressive}
    yield "JPEG", {"keep_rgb": True}
    for packing, big in itertools.product(TIFF_PACKINGS, (False, True)):
        yield "TIFF", {"compression": packing, "big_tiff": big}
    yield "TIFF", {"compression": "group3", "tiffinfo": {266: 2}}
    yield "TIFF", {"compression": "raw", "tiffinfo": {278: 3}}


def _saved(mode: str, picture: Image.Image, kind: str, options: dict[str, Any]) -> Written | None:
    stream = io.BytesIO()
    picture = picture.copy()
    if "bits" in options and picture.mode == "P":
        picture = picture.quantize(16)
    try:
        picture.save(stream, kind, **options)
    except (OSError, ValueError, KeyError, RuntimeError, TypeError, SystemError):  # not offered
        return None
    with Image.open(io.BytesIO(stream.getvalue())) as kept:
        stated = kept.getexif().get(274, 1) if kind in ("PNG", "JPEG") else 1  # TIFFs Pillow turns itself
        truth = turned(_on_white(kept), stated)
    lossy = kind == "JPEG" or options.get("compression") in LOSSY
    mixed = "A" in mode or "transparent" in mode
    tolerance = 3 if picture.mode == "CMYK" else 2 if lossy or mode == "YCbCr" else 1 if mixed else 0
    return Written(stream.getvalue(), truth, tolerance)


def _on_white(kept: Image.Image) -> NDArray[np.uint8]:
    """The picture as Pillow reads it, RGB on white."""
    if kept.mode.startswith("I;16"):
        values = np.asarray(kept)
        most = 65_535 if values.max() > 16_383 else 4095
        return np.repeat((values * (255 / most)).round().astype(np.uint8)[..., None], 3, axis=2)
    if kept.mode == "LAB":
        lab, srgb = ImageCms.createProfile("LAB", 5000), ImageCms.createProfile("sRGB")
        made = ImageCms.profileToProfile(kept, lab, srgb, outputMode="RGB")
        assert made is not None
        return np.asarray(made)
    if not kept.has_transparency_data:
        return np.asarray(kept.convert("RGB"))
    pixels = np.asarray(kept.convert("RGBA")).astype(float)
    share = pixels[..., 3:] / 255
    return (pixels[..., :3] * share + 255 * (1 - share)).round().astype(np.uint8)
