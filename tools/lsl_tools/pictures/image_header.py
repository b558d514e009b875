"""Kind, size, pages and turn of a picture from the header of its file, before a pixel is decoded.

design/libraries.md tells why no library is used here.
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

from lsl_shared.errors import ImageError
from lsl_tools.pictures.tiff_directories import MAGIC, Tags, read_directories

__all__ = ["ImageHeader", "read_header"]

_WIDTH, _HEIGHT, _ORIENTATION, _EXTRA_SAMPLES = 256, 257, 274, 338
_EXIF: Final = b"Exif\0\0"


@dataclass(frozen=True)
class ImageHeader:
    """What a header tells: `kind` PNG, JPEG, BMP or TIFF; pixels as stored; the `orientation` 1 … 8 of JPEG and TIFF.

    `data_from` is the byte after which a JPEG's compressed data lie; `alpha` is a TIFF's ExtraSamples: 1 where colours
    are multiplied by alpha, 2 where they are not, 0 where it says nothing.
    """

    kind: str
    height: int
    width: int
    orientation: int = 1
    pages: int = 1
    data_from: int = 0
    alpha: int = 0

    @property
    def shown_size(self) -> tuple[int, int]:
        """(height, width) as a viewer shows it: orientations 5 to 8 lie on their side."""
        return (self.width, self.height) if self.orientation > 4 else (self.height, self.width)


def read_header(stream: BinaryIO) -> ImageHeader:
    """Reads the header from the start of a seekable stream. Raises ImageError for any other or a damaged file."""
    stream.seek(0)
    start = stream.read(8)
    try:
        header = _read(stream, start)
    except (struct.error, OverflowError, OSError):
        raise ImageError("its header is cut off or damaged") from None
    if header is None:
        found = f"is not a PNG, JPEG, BMP or TIFF file (it begins with {start!r})"
        raise ImageError(found if start else "is empty")
    if header.height < 1 or header.width < 1:
        raise ImageError(f"its header says {header.height}×{header.width} pixels")
    return header


def _read(stream: BinaryIO, start: bytes) -> ImageHeader | None:
    if start == b"\x89PNG\r\n\x1a\n":
        stream.seek(16)
        width, height = _unpack(stream, ">II")
        return ImageHeader("PNG", height, width)
    if start[:2] == b"BM":
        return _bmp(stream)
    if start[:3] == b"\xff\xd8\xff":
        return _jpeg(stream)
    return _tiff(stream) if start[:4] in MAGIC else None


def _tiff(stream: BinaryIO) -> ImageHeader:
    tags, pages = read_directories(stream, (_WIDTH, _HEIGHT, _ORIENTATION, _EXTRA_SAMPLES))
    height, width, alpha = (_first(tags, tag) for tag in (_HEIGHT, _WIDTH, _EXTRA_SAMPLES))
    return ImageHeader("TIFF", height, width, _orientation(tags), pages, alpha=alpha)


def _bmp(stream: BinaryIO) -> ImageHeader:
    stream.seek(14)
    (length,) = _unpack(stream, "<I")
    width, height = _unpack(stream, "<HH" if length == 12 else "<ii")
    return ImageHeader("BMP", abs(height), width)


def _jpeg(stream: BinaryIO) -> ImageHeader:
    """Walks the marker segments up to the frame header (SOF), which holds the size."""
    stream.seek(2)
    orientation = 1
    while True:
        lead, marker = _unpack(stream, "BB")
        while marker == 0xFF:  # fill bytes
            (marker,) = _unpack(stream, "B")
        if lead != 0xFF:
            raise struct.error("not at a marker")
        if marker == 0x01 or 0xD0 <= marker <= 0xD8:
            continue
        (length,) = _unpack(stream, ">H")
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            _, height, width = _unpack(stream, ">BHH")
            return ImageHeader("JPEG", height, width, orientation, data_from=stream.tell())
        segment = stream.read(length - 2)
        if marker == 0xE1 and segment.startswith(_EXIF):
            orientation = _exif_orientation(segment.removeprefix(_EXIF))


def _exif_orientation(exif: bytes) -> int:
    try:
        return _orientation(read_directories(io.BytesIO(exif), (_ORIENTATION,))[0])
    except (struct.error, OverflowError):
        return 1


def _orientation(tags: Tags) -> int:
    stated = _first(tags, _ORIENTATION)
    return stated if 1 <= stated <= 8 else 1


def _first(tags: Tags, tag: int) -> int:
    return (*tags.get(tag, ()), 0)[0]


def _unpack(stream: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))
