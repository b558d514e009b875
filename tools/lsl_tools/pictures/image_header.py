"""Kind, size, pages and turn of a picture from the header of its file, before a pixel is decoded."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from typing import BinaryIO

from lsl_shared.errors import ImageError

__all__ = ["ImageHeader", "read_header"]

_TAGS = {256: "width", 257: "height", 274: "orientation", 338: "alpha"}
_TYPES = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MOST_PAGES = 10_000


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
    if start[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"):
        tags, pages = _tiff(stream)
        height, width, alpha = (tags.get(name, 0) for name in ("height", "width", "alpha"))
        return ImageHeader("TIFF", height, width, _orientation(tags), pages, alpha=alpha)
    return None


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
        if marker == 0xE1 and segment[:6] == b"Exif\0\0":
            orientation = _exif_orientation(segment[6:])


def _exif_orientation(exif: bytes) -> int:
    try:
        return _orientation(_tiff(io.BytesIO(exif))[0])
    except (struct.error, OverflowError):
        return 1


def _orientation(tags: dict[str, int]) -> int:
    return tags["orientation"] if 1 <= tags.get("orientation", 0) <= 8 else 1


def _tiff(stream: BinaryIO) -> tuple[dict[str, int], int]:
    """The size tags of the first directory and the number of directories (pages); TIFF or BigTIFF."""
    stream.seek(0)
    order = "<" if stream.read(2) == b"II" else ">"
    (version,) = _unpack(stream, order + "H")
    big = version == 43
    if big:
        stream.seek(8)
    (place,) = _unpack(stream, order + ("Q" if big else "I"))
    tags: dict[str, int] = {}
    pages, seen = 0, set[int]()
    while place and place not in seen and pages < _MOST_PAGES:
        seen.add(place)
        stream.seek(place)
        (count,) = _unpack(stream, order + ("Q" if big else "H"))
        if pages == 0:
            tags = _directory(stream.read(min(count, 65535) * (20 if big else 12)), order, big)
        stream.seek(place + (8 + 20 * count if big else 2 + 12 * count))
        pages += 1
        (place,) = _unpack(stream, order + ("Q" if big else "I"))
    return tags, pages


def _directory(entries: bytes, order: str, big: bool) -> dict[str, int]:
    tags: dict[str, int] = {}
    step = 20 if big else 12
    for place in range(0, len(entries) - step + 1, step):
        tag, kind = struct.unpack_from(order + "HH", entries, place)
        if tag in _TAGS and kind in _TYPES and not (kind == 16 and not big):
            value = place + step - (8 if big else 4)
            (tags[_TAGS[tag]],) = struct.unpack_from(order + _TYPES[kind], entries, value)
    return tags


def _unpack(stream: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))
