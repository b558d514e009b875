"""Decoding with OpenCV: PNG, JPEG, BMP, and those TIFFs that it is known to read right."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.pictures.bmp_header import BmpHeader
from lsl_tools.pictures.decoded import Decoded
from lsl_tools.pictures.image_header import ImageHeader
from lsl_tools.pictures.tiff_colours import named_channels
from lsl_tools.pictures.tiff_header import TiffHeader

__all__ = ["decode_other", "decode_tiff", "reads_right"]

_PLAIN: Final = frozenset({1, 5, 8, 32773, 32946})  # not packed, LZW, deflate, PackBits
_FAX: Final = frozenset({2, 3, 4})
_JPEG = 7
_REDUCED: Final = {1: 0, 2: 16, 4: 32, 8: 64}  # OpenCV's flags, named after grey, which set no colour
_UNSIGNED: Final = frozenset({1, 4})  # 4: nothing said
_WHITE_IS_0, _BLACK_IS_0, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_MULTIPLIED, _NOT_MULTIPLIED = 1, 2


def reads_right(header: TiffHeader) -> bool:
    """Whether OpenCV is known to give the pixels of a TIFF as they are; tools/bench/pictures.py tries it."""
    page = header.page
    if header.series or (page.tiled and header.orientation != 1):  # it turns every tile by itself
        return False
    if len(set(page.bits)) != 1 or not _UNSIGNED.issuperset(page.formats):
        return False
    bits, packed = page.bits[0], page.compression
    if bits == 1:
        return page.grey and packed in _PLAIN | _FAX
    if bits == 8:
        return packed in _PLAIN | {_JPEG} and (page.photometric, page.samples) in _EIGHT_BITS and page.ink_set == 1
    colour = page.photometric == _RGB and page.planar == 1 and page.samples in ((3, 4) if bits == 16 else (3,))
    return bits in (10, 12, 14, 16) and packed in _PLAIN and (page.grey or colour)


_EIGHT_BITS: Final = frozenset(
    {(_WHITE_IS_0, 1), (_BLACK_IS_0, 1), (_RGB, 3), (_RGB, 4), (_PALETTE, 1), (_CMYK, 4), (_YCBCR, 3)}
)


def decode_tiff(header: TiffHeader, data: bytes) -> Decoded | None:
    """The picture of a TIFF that `reads_right`; None where OpenCV gives it up."""
    places = range(header.place, header.place + header.together)
    pages = [page for page in (_opencv(data, place) for place in places) if page is not None]
    if len(pages) < len(places):
        return None
    bits = max(header.page.bits[0], 8)
    values = np.dstack([pages[channel] for channel in header.order]) if len(pages) == 3 else _rgb(pages[0])
    if 8 < bits < 16:
        values = values >> (16 - bits)  # OpenCV fills 16 bits from above
    values, remarks = named_channels(values, header.page)
    extra = (*header.page.extra, 0)[0]
    return Decoded(
        values,
        bits,
        negative=header.page.photometric == _WHITE_IS_0 and bits > 8,  # 8 bits OpenCV turns over itself
        multiplied=extra == _MULTIPLIED or (extra == _NOT_MULTIPLIED and bits == 8),  # as it does with these
        turned=True,
        remarks=remarks,
    )


def decode_other(header: ImageHeader, data: bytes, reduction: int = 1) -> Decoded | None:
    """The picture of a PNG, JPEG or BMP as stored, unturned; None where OpenCV cannot read it. Raises ImageError.

    A JPEG is decoded at 1 / `reduction` of its size, with `reduction` 1, 2, 4 or 8.
    """
    import cv2

    if header.bmp is not None and header.bmp.misread:
        raise ImageError("is a BMP with colours in an unusual order: save it as PNG")
    flags = cv2.IMREAD_UNCHANGED
    if header.kind == "JPEG":  # alpha is none, and CMYK becomes RGB
        flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH | cv2.IMREAD_IGNORE_ORIENTATION | _REDUCED[reduction]
    elif header.bmp is not None and header.bmp.oldest:  # else it would come as grey
        flags = cv2.IMREAD_COLOR
    decoded = _opencv(data, flags=flags)
    if decoded is None:
        return None
    bits = 8 * decoded.dtype.itemsize
    values = _rgb(decoded)
    if header.png is not None and header.png.grey is not None:
        values = _with_alpha(values, header.png.grey, header.png.bits)
    if header.bmp is not None:
        values = _widened(values if header.bmp.alpha else values[..., :3], header.bmp) if values.ndim == 3 else values
    return Decoded(values, bits)


def _opencv(data: bytes, page: int = 0, flags: int | None = None) -> NDArray[Any] | None:
    """The array as OpenCV gives it, (H, W) or (H, W, C), BGR; None where it cannot."""
    import cv2

    flags = cv2.IMREAD_UNCHANGED if flags is None else flags
    level, content = cv2.utils.logging.getLogLevel(), np.frombuffer(data, dtype=np.uint8)
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what OpenCV would print is told in the error
    try:
        if page == 0:
            return cv2.imdecode(content, flags)
        pages: Sequence[NDArray[Any]] = cv2.imdecodemulti(content, flags, range=(page, page + 1))[1]
        return pages[0] if pages else None
    except cv2.error:
        return None
    finally:
        cv2.utils.logging.setLogLevel(level)


def _rgb(decoded: NDArray[Any]) -> NDArray[Any]:
    """BGR → RGB, with alpha or without; (H, W) stays."""
    import cv2

    if decoded.ndim == 2 or decoded.shape[2] not in (3, 4):
        return decoded
    how = cv2.COLOR_BGR2RGB if decoded.shape[2] == 3 else cv2.COLOR_BGRA2RGBA
    return np.asarray(cv2.cvtColor(decoded, how))  # many times faster than by index


def _with_alpha(values: NDArray[Any], transparent: int, bits: int) -> NDArray[Any]:
    """(H, W) grey → (H, W, 2), where one grey, stated in `bits` bits, is transparent."""
    most = np.iinfo(values.dtype).max
    shown = transparent * 255 // (2**bits - 1) if bits < 8 else transparent
    return np.dstack([values, np.where(values == shown, 0, most).astype(values.dtype)]) if values.ndim == 2 else values


def _widened(values: NDArray[np.uint8], header: BmpHeader) -> NDArray[np.uint8]:
    """OpenCV shifts the 5 or 6 bits of a channel up, so that white is 248: brought to 255."""
    if not header.five_bits:
        return values
    most = [256 - 2 ** (8 - bits) for bits in header.five_bits]
    return np.dstack([np.round(values[..., channel] * (255 / most[channel])) for channel in range(3)]).astype(np.uint8)
