"""Kind, size, pages, turn and colours of a picture from the header of its file, before a pixel is decoded.

design/libraries.md tells why no library is used here.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass, field
from typing import BinaryIO

from lsl_shared.errors import ImageError
from lsl_tools.pictures.bmp_header import BmpHeader, read_bmp_header
from lsl_tools.pictures.colour_profile import profile_remarks
from lsl_tools.pictures.file_kinds import picture_kind, what_it_is
from lsl_tools.pictures.jpeg_header import read_jpeg_header
from lsl_tools.pictures.png_header import PngHeader, read_png_header
from lsl_tools.pictures.tiff_directories import read_directories
from lsl_tools.pictures.tiff_header import TiffHeader, read_tiff_header

__all__ = ["ImageHeader", "read_header"]

_ORIENTATION = 274
_START = 32  # bytes that tell the kind


@dataclass(frozen=True)
class ImageHeader:
    """What a header tells: `kind` PNG, JPEG, BMP or TIFF; pixels as stored; the `orientation` 1 … 8 that it states.

    `data_from` is the byte after which a JPEG's compressed data lie; `remarks` say what the user may not expect;
    `png`, `bmp` and `tiff` are what only files of that kind say.
    """

    kind: str
    height: int
    width: int
    orientation: int = 1
    pages: int = 1
    data_from: int = 0
    remarks: tuple[str, ...] = ()
    png: PngHeader | None = field(default=None, compare=False)
    bmp: BmpHeader | None = field(default=None, compare=False)
    tiff: TiffHeader | None = field(default=None, compare=False)

    @property
    def shown_size(self) -> tuple[int, int]:
        """(height, width) as a viewer shows it: orientations 5 to 8 lie on their side."""
        return (self.width, self.height) if self.orientation > 4 else (self.height, self.width)


def read_header(stream: BinaryIO) -> ImageHeader:
    """Reads the header from the start of a seekable stream. Raises ImageError for any other or a damaged file."""
    stream.seek(0)
    start = stream.read(_START)
    kind = picture_kind(start)
    if kind is None:
        raise ImageError(what_it_is(start))
    try:
        header = _READERS[kind](stream)
    except (struct.error, OverflowError, OSError):
        raise ImageError("its header is cut off or damaged") from None
    if header.height < 1 or header.width < 1:
        raise ImageError(f"its header says {header.height}×{header.width} pixels")
    return header


def _png(stream: BinaryIO) -> ImageHeader:
    found = read_png_header(stream)
    remarks = (*profile_remarks(found.profile), *found.gamma_remarks)
    orientation = _exif_orientation(found.exif)
    return ImageHeader("PNG", found.height, found.width, orientation, found.pages, remarks=remarks, png=found)


def _jpeg(stream: BinaryIO) -> ImageHeader:
    found = read_jpeg_header(stream)
    orientation, remarks = _exif_orientation(found.exif), profile_remarks(found.profile)
    return ImageHeader("JPEG", found.height, found.width, orientation, data_from=found.data_from, remarks=remarks)


def _bmp(stream: BinaryIO) -> ImageHeader:
    found = read_bmp_header(stream)
    remarks = (*profile_remarks(found.profile), *found.gamma_remarks)
    return ImageHeader("BMP", found.height, found.width, remarks=remarks, bmp=found)


def _tiff(stream: BinaryIO) -> ImageHeader:
    found = read_tiff_header(stream)
    height, width = found.size
    remarks = (*found.remarks, *profile_remarks(found.profile))
    orientation = _between_1_and_8(found.orientation)
    return ImageHeader("TIFF", height, width, orientation, found.pages, remarks=remarks, tiff=found)


_READERS = {"PNG": _png, "JPEG": _jpeg, "BMP": _bmp, "TIFF": _tiff}


def _exif_orientation(exif: bytes) -> int:
    try:
        directory = next(read_directories(io.BytesIO(exif)), None) if exif else None
        return _between_1_and_8(directory.number(_ORIENTATION, 1)) if directory else 1
    except (struct.error, OverflowError):
        return 1


def _between_1_and_8(orientation: int) -> int:
    return orientation if 1 <= orientation <= 8 else 1
