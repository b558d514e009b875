"""Pictures from files: PNG, JPEG, BMP and TIFF, 8 or 16 bits, grey, colour or with alpha, as uint8 RGB."""

from __future__ import annotations

import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_shared.system_errors import unreadable
from lsl_tools.pictures.image_header import ImageHeader, read_header

__all__ = ["IMAGE_SUFFIXES", "MAX_PIXELS", "Picture", "decode_image", "read_image"]

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff"})
MAX_PIXELS = 100_000_000
"""A larger picture is refused before it is decoded."""


@dataclass(frozen=True)
class Picture:
    """A decoded picture: `pixels` uint8 (H, W, 3), RGB, and `remarks` on what the user may not expect."""

    pixels: NDArray[np.uint8]
    remarks: tuple[str, ...] = ()


def read_image(path: str | Path) -> NDArray[np.uint8]:
    """The picture in a file, uint8 (H, W, 3), RGB; see `decode_image`. Raises ImageError that names the file."""
    try:
        return decode_image(Path(path).read_bytes()).pixels
    except OSError as problem:
        raise ImageError(f"{path}: {unreadable(problem)}") from None
    except ImageError as problem:
        raise ImageError(f"{path}: {problem}") from None


def decode_image(data: bytes, *, used_bits: bool = False) -> Picture:
    """Decodes the bytes of a PNG, JPEG, BMP or TIFF file.

    16 bits are scaled by 1/257, so that 65535 becomes 255, or with `used_bits` so that the highest bit that is used
    becomes the highest of 8, as cameras of 10 to 14 bits need it; grey is repeated in R, G and B; alpha is flattened on
    white, unless it is 0 everywhere (no alpha was meant). The orientation that a JPEG (EXIF) or TIFF states is obeyed,
    as viewers do. Of several TIFF pages the first is taken. Raises ImageError for anything else, for what is cut off,
    and above 100 megapixels.
    """
    header = read_header(io.BytesIO(data))
    _check(header, data)
    decoded = _decode(header, data)
    if decoded.dtype not in (np.uint8, np.uint16):
        raise ImageError(f"has {decoded.dtype} pixels, expected 8 or 16 bits without sign: save it again so")
    if decoded.ndim == 3 and decoded.shape[2] > 4:
        raise ImageError(f"has {decoded.shape[2]} channels, expected grey, RGB or RGB with alpha")
    multiplied = header.alpha == 1 or (header.alpha == 2 and decoded.dtype == np.uint8)  # libtiff does so for 8 bits
    if used_bits and decoded.dtype == np.uint16:
        decoded = (decoded >> max(int(decoded.max()).bit_length() - 8, 0)).astype(np.uint8)
    return Picture(_rgb(_eight_bits(decoded), multiplied), _remarks(header, decoded))


def _check(header: ImageHeader, data: bytes) -> None:
    if header.height * header.width > MAX_PIXELS:
        most = f"at most {MAX_PIXELS // 10**6} megapixels are read"
        raise ImageError(f"has {header.height}×{header.width} pixels, {most}: scale it down")
    end = {"JPEG": b"\xff\xd9", "PNG": b"IEND"}.get(header.kind, b"")
    if data.rfind(end, header.data_from) < 0:  # OpenCV would fill what is missing of a JPEG with grey
        raise ImageError(f"is cut off: the end of the {header.kind} data is missing")


def _decode(header: ImageHeader, data: bytes) -> NDArray[Any]:
    """The array as OpenCV gives it, (H, W) or (H, W, C), BGR; the JPEG flags obey EXIF, and would drop alpha."""
    import cv2

    flags = cv2.IMREAD_ANYCOLOR | cv2.IMREAD_ANYDEPTH if header.kind == "JPEG" else cv2.IMREAD_UNCHANGED
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # what OpenCV would print is told in the error
    try:
        decoded = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), flags)
    except cv2.error:
        decoded = None
    finally:
        cv2.utils.logging.setLogLevel(level)
    if decoded is None:
        raise ImageError(f"is damaged or cut off, or a {header.kind} of a kind that cannot be read")
    return decoded


def _eight_bits(decoded: NDArray[Any]) -> NDArray[np.uint8]:
    if decoded.dtype == np.uint16:
        return ((decoded.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.asarray(decoded, dtype=np.uint8)


def _rgb(decoded: NDArray[np.uint8], multiplied: bool) -> NDArray[np.uint8]:
    """(H, W), or (H, W, C) as grey, grey with alpha, BGR or BGR with alpha → (H, W, 3), RGB.

    `multiplied`: the colours are multiplied by alpha already.
    """
    if decoded.ndim == 3 and decoded.shape[2] == 3:
        import cv2

        return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint8)  # many times faster than by index
    channels = decoded[..., None] if decoded.ndim == 2 else decoded
    colour = channels[..., 2::-1] if channels.shape[2] > 2 else channels[..., [0, 0, 0]]
    if channels.shape[2] in (2, 4) and channels[..., -1].any():
        alpha = channels[..., -1:].astype(np.uint32)
        share = 255 * colour.astype(np.uint32) if multiplied else colour * alpha
        colour = np.minimum((share + 255 * (255 - alpha) + 127) // 255, 255).astype(np.uint8)
    return np.ascontiguousarray(colour)


def _remarks(header: ImageHeader, decoded: NDArray[Any]) -> tuple[str, ...]:
    remarks = []
    if header.pages > 1:
        remarks.append("several pages: the first is taken")
    if decoded.dtype == np.uint16 and decoded.max() < 4096:
        remarks.append("16 bits of which at most 12 are used: the image stays dark")
    return tuple(remarks)
