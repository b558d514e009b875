"""The segments of a JPEG up to its size: orientation and colour profile."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

__all__ = ["JpegHeader", "read_jpeg_header"]

_EXIF: Final = b"Exif\0\0"
_PROFILE: Final = b"ICC_PROFILE\0"
_MOST_PROFILE = 1 << 20


@dataclass(frozen=True)
class JpegHeader:
    """What the segments say: the `exif` directory of tags, b"" without; compressed data begin after `data_from`."""

    height: int
    width: int
    data_from: int
    exif: bytes = b""
    profile: bytes = b""


def read_jpeg_header(stream: BinaryIO) -> JpegHeader:
    """Walks the segments up to the frame header (SOF), which holds the size. Raises struct.error where damaged."""
    stream.seek(2)
    exif, profile = b"", b""
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
            return JpegHeader(height, width, stream.tell(), exif, profile)
        segment = stream.read(length - 2)
        if marker == 0xE1 and segment.startswith(_EXIF):
            exif = segment.removeprefix(_EXIF)
        elif marker == 0xE2 and segment.startswith(_PROFILE) and len(profile) < _MOST_PROFILE:
            profile += segment[len(_PROFILE) + 2 :]


def _unpack(stream: BinaryIO, layout: str) -> tuple[int, ...]:
    return struct.unpack(layout, stream.read(struct.calcsize(layout)))
