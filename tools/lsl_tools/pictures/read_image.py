"""Pictures from files: PNG, JPEG, BMP and TIFF, 1 to 16 bits, grey, colour or with alpha, as uint8 RGB."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.pictures.camera_bits import eight_bits, used_bits
from lsl_tools.pictures.decoded import Decoded
from lsl_tools.pictures.flatten import flat_rgb, upright
from lsl_tools.pictures.image_header import ImageHeader, read_header
from lsl_tools.pictures.opencv import decode_other, decode_tiff, reads_right
from lsl_tools.pictures.picture_file import picture_bytes
from lsl_tools.pictures.planes import MAX_PIXELS
from lsl_tools.pictures.tiff_damage import is_damaged
from lsl_tools.pictures.tiff_header import TiffHeader
from lsl_tools.pictures.tiff_library import decode_with_tifffile, has_tifffile

__all__ = ["MAX_PIXELS", "Picture", "decode_image", "read_image", "shown"]


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `pixels` uint8 (H, W, 3), RGB, and `remarks` on what the user may not expect.

    `pixel_size` is height and width of a pixel of the file in µm, where the file tells. `reduction`: how many of the
    file's pixels lie side by side in one of these; the last ones may be cut.
    """

    pixels: NDArray[np.uint8]
    remarks: tuple[str, ...] = ()
    pixel_size: tuple[float, float] | None = None
    reduction: int = 1
    shown_size: tuple[int, int] | None = None
    """(H, W) of the file's picture, where it was reduced."""

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) of the file's picture, reduced or not."""
        return self.shown_size or (self.pixels.shape[0], self.pixels.shape[1])


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """The picture in a file, uint8 (H, W, 3), RGB; see `decode_image`. Raises ImageError that names the file."""
    try:
        return decode_image(picture_bytes(Path(path))).pixels
    except OSError as problem:
        raise ImageError(f"{path}: cannot be read ({problem.strerror})") from None
    except ImageError as problem:
        raise ImageError(f"{path}: {problem}") from None


def decode_image(data: bytes, enough: int | None = None) -> Picture:
    """Decodes the bytes of a PNG, JPEG, BMP or TIFF file.

    A JPEG of more than twice `enough` pixels along its longer side is decoded at a half, a quarter or an eighth, by
    area, so that so many are left. That takes half the time.

    Pixels of more than 8 bits are scaled so that the greatest value of their camera becomes 255, see `used_bits`; grey
    is repeated in R, G and B; alpha is flattened on white, unless it is 0 everywhere (no alpha was meant). The
    orientation that a file states is obeyed, as viewers do. Of several TIFF pages the first of full size is taken, or
    three that are red, green and blue. Raises ImageError for anything else, for what is cut off, and above 100
    megapixels.
    """
    header = read_header(io.BytesIO(data))
    _check(header, data)
    try:
        return _picture(header, data, _reduction(header, enough))
    except MemoryError:
        raise ImageError("does not fit into memory: scale it down") from None


def _reduction(header: ImageHeader, enough: int | None) -> int:
    if enough is None or header.kind != "JPEG":
        return 1
    return next((by for by in (8, 4, 2) if max(header.height, header.width) >= by * max(enough, 1)), 1)


def _picture(header: ImageHeader, data: bytes, reduction: int) -> Picture:
    decoded = _tiff(header.tiff, data) if header.tiff is not None else decode_other(header, data, reduction)
    if decoded is None:
        raise ImageError(f"is damaged or cut off, or a {header.kind} of a kind that cannot be read")
    found = shown(decoded)
    turn = header.orientation > 1 and not decoded.turned
    pixels = upright(found.pixels, header.orientation) if turn else found.pixels
    remarks = (*header.remarks, *_on_pages(header), *found.remarks)
    return Picture(pixels, remarks, reduction=reduction, shown_size=header.shown_size if reduction > 1 else None)


def shown(decoded: Decoded) -> Picture:
    """Decoded values as they are seen: 8 bits, RGB, on white. Raises ImageError for other kinds of values."""
    if decoded.values.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"has {decoded.values.dtype} pixels, expected 8 or 16 bits without sign: save it again so")
    if decoded.values.ndim == 3 and decoded.values.shape[2] > 4:
        raise ImageError(f"has {decoded.values.shape[2]} channels, expected grey, RGB or RGB with alpha")
    values, told = _eight_bits(decoded)
    return Picture(flat_rgb(values, decoded.multiplied), (*decoded.remarks, *told))


def _check(header: ImageHeader, data: bytes) -> None:
    if header.height * header.width > MAX_PIXELS:
        most = f"at most {MAX_PIXELS // 10**6} megapixels are read"
        raise ImageError(f"has {header.height}×{header.width} pixels, {most}: scale it down")
    end = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}.get(header.kind, b"")
    if data.rfind(end, header.data_from) < 0:  # OpenCV would fill what is missing of a JPEG with grey
        raise ImageError(f"is cut off: the end of the {header.kind} data is missing")


def _tiff(header: TiffHeader, data: bytes) -> Decoded:
    """With OpenCV where it is known to be right, since it is everywhere and fast; else with tifffile."""
    if is_damaged(header, data):
        raise ImageError("is damaged: parts of its pixels are missing or cannot be unpacked")
    if not reads_right(header):
        return decode_with_tifffile(header, data)
    decoded = decode_tiff(header, data)
    if decoded is None and not has_tifffile():
        raise ImageError("is damaged or cut off, or a TIFF of a kind that cannot be read")
    return decoded or decode_with_tifffile(header, data)


def _eight_bits(decoded: Decoded) -> tuple[NDArray[np.uint8], tuple[str, ...]]:
    """The values in 8 bits, white as 255; alpha has all bits that are stated, whatever the camera had."""
    if decoded.bits == 8 and not decoded.negative:
        return decoded.values, ()
    channels = decoded.values if decoded.values.ndim == 3 else decoded.values[..., None]
    seen = channels.shape[2] - (channels.shape[2] in (2, 4))
    bits, told = used_bits(channels[..., :seen], decoded.bits)
    values = eight_bits(channels[..., :seen], bits)
    if decoded.negative:
        values = 255 - values
    return np.dstack([values, eight_bits(channels[..., seen:], decoded.bits)]), told


def _on_pages(header: ImageHeader) -> tuple[str, ...]:
    together = header.tiff.together if header.tiff else 1
    if header.pages <= together or (header.tiff and header.tiff.series):
        return ("three pages, taken as red, green and blue",) if together == 3 else ()
    if together == 3:
        return ("several pages: the first three are taken, as red, green and blue",)
    return ("several pages: the first is taken",)
