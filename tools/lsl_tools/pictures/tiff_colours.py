"""Values of TIFF pages as grey or RGB, by their photometric interpretation, at every depth."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.pictures.decoded import Decoded
from lsl_tools.pictures.tiff_header import TiffPage

__all__ = ["check_page", "coloured", "named_channels"]

_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_SAMPLES: Final = {_WHITE_IS_0: (1, 2), _BLACK_IS_0: (1, 2), _RGB: (3, 4), _PALETTE: (1,), _CMYK: (4,), _YCBCR: (3,)}
_JPEG: Final = frozenset({7, 33007, 34892})  # these decoders give RGB where YCbCr is stored
_NAMES: Final = {
    4: "a mask",
    6: "YCbCr",
    8: "CIE Lab",
    9: "ICC Lab",
    10: "ITU Lab",
    32803: "a camera's raw mosaic",
    34892: "a camera's linear raw",
}
_FORMATS: Final = {1: "uint", 2: "int", 3: "float", 4: "uint"}
_CMYK_INKS, _UNNAMED, _PREMULTIPLIED = 1, 0, 1
_SAVE = "save it as 8- or 16-bit grey or RGB"


def check_page(page: TiffPage) -> None:
    """Refuses, before a pixel is decoded, what would not come out as grey or RGB of 1 to 16 bits. Raises ImageError."""
    if len(set(page.bits)) != 1 or page.bits[0] > 16 or not {1, 4}.issuperset(page.formats):
        found = f"{_FORMATS.get(page.formats[0], 'complex')}{'+'.join(map(str, dict.fromkeys(page.bits)))}"
        raise ImageError(f"has {found} pixels, expected 8 or 16 bits without sign: save it again so")
    samples = _SAMPLES.get(page.photometric)
    if samples is None or (page.photometric == _YCBCR and page.compression not in _JPEG):
        raise ImageError(f"has colours that are {_NAMES.get(page.photometric, 'of an unknown kind')}: {_SAVE}")
    if page.samples not in samples or (page.photometric == _CMYK and page.ink_set != _CMYK_INKS):
        raise ImageError(f"has {page.samples} channels, expected grey, RGB or RGB with alpha: {_SAVE}")


def coloured(values: NDArray[Any], page: TiffPage, colour_map: NDArray[Any] | None) -> Decoded:
    """The values (H, W, C) of a page as grey (H, W, 1) or RGB (H, W, 3), with alpha or without."""
    bits = page.bits[0]
    if page.photometric == _PALETTE:
        return _looked_up(values[..., 0], colour_map)
    if page.photometric == _CMYK:
        values = _from_cmyk(values, bits)
    if bits < 8:  # to all of 8 bits, as 0 and 1 are black and white
        values, bits = (values.astype(np.uint32) * 255 * 2 // (2**bits - 1) + 1) // 2, 8
    values, remarks = named_channels(values, page)
    return Decoded(
        values.astype(np.uint8 if bits == 8 else np.uint16),
        bits,
        negative=page.photometric == _WHITE_IS_0,
        multiplied=page.extra[:1] == (_PREMULTIPLIED,),
        remarks=remarks,
    )


def named_channels(values: NDArray[Any], page: TiffPage) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Without the last channel (C) where the page says that it is neither a colour nor alpha, and a remark then."""
    if page.extra[:1] != (_UNNAMED,) or values.ndim != 3 or values.shape[2] not in (2, 4):
        return values, ()
    return values[..., :-1], ("a further channel that is neither a colour nor alpha, which is left out",)


def _looked_up(values: NDArray[Any], colour_map: NDArray[Any] | None) -> Decoded:
    """By the colour map (3, 2 ** bits), of 16 bits; writers fill the lower 8 with anything, or only those."""
    if colour_map is None or values.max(initial=0) >= colour_map.shape[1]:
        raise ImageError("has a palette that is missing or too short")
    table = colour_map if colour_map.max() < 256 else colour_map >> 8
    return Decoded(table.astype(np.uint8).T[values], 8)


def _from_cmyk(values: NDArray[Any], bits: int) -> NDArray[Any]:
    """RGB of inks as if they were ideal, as viewers without profiles do: (1 - C) (1 - K) …"""
    most = 2**bits - 1
    light = most - values.astype(np.uint64)
    return np.asarray((light[..., :3] * light[..., 3:] * 2 + most) // (2 * most))
