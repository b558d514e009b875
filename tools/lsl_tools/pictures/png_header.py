"""The chunks of a PNG that tell more than its size: orientation, gamma, profile, a transparent grey, animation."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO, Final

__all__ = ["PngHeader", "read_png_header"]

_WANTED: Final = (b"eXIf", b"gAMA", b"iCCP", b"sRGB", b"tRNS", b"acTL", b"cICP")
_MOST, _MOST_CHUNKS = 1 << 20, 100_000
_USUAL_GAMMA = 45_455
_GREY = 0


@dataclass(frozen=True)
class PngHeader:
    """What the chunks say. `grey`: the value of a grey picture's pixels that are transparent, None without."""

    height: int
    width: int
    bits: int
    chunks: dict[bytes, bytes] = field(default_factory=dict)
    grey: int | None = None

    @property
    def exif(self) -> bytes:
        """The directory of EXIF tags, empty where there is none."""
        return self.chunks.get(b"eXIf", b"").removeprefix(b"Exif\0\0")

    @property
    def pages(self) -> int:
        """Pictures of an animation, else 1."""
        return _number(self.chunks.get(b"acTL", b""), 1)

    @property
    def profile(self) -> bytes:
        """The colour profile, at most a megabyte of it."""
        _, _, packed = self.chunks.get(b"iCCP", b"").partition(b"\0")
        try:
            return zlib.decompressobj().decompress(packed[1:], _MOST)
        except zlib.error:
            return b""

    @property
    def gamma_remarks(self) -> tuple[str, ...]:
        """What to tell of a gamma other than the usual one; sRGB or a profile say it better."""
        gamma = _number(self.chunks.get(b"gAMA", b""), _USUAL_GAMMA)
        said = any(chunk in self.chunks for chunk in (b"sRGB", b"iCCP", b"cICP"))
        if said or abs(gamma - _USUAL_GAMMA) <= _USUAL_GAMMA // 100:
            return ()
        return (f"a gamma of {gamma / 100_000:g} in place of 0.45455, which is not applied: tones come out otherwise",)


def read_png_header(stream: BinaryIO) -> PngHeader:
    """Reads the chunks up to the end of the file, or to where they are damaged. Raises struct.error without a size."""
    stream.seek(16)
    width, height, bits, kind = struct.unpack(">IIBB", stream.read(10))
    stream.seek(33)
    chunks = dict(_chunks(stream))
    transparent = chunks.get(b"tRNS", b"")
    grey = int.from_bytes(transparent[:2], "big") if kind == _GREY and len(transparent) == 2 else None
    return PngHeader(height, width, bits, chunks, grey)


def _chunks(stream: BinaryIO) -> Iterator[tuple[bytes, bytes]]:
    for _ in range(_MOST_CHUNKS):
        start = stream.read(8)
        if len(start) < 8 or start[4:] == b"IEND":
            return
        size = int.from_bytes(start[:4], "big")
        if start[4:] in _WANTED:
            content = stream.read(min(size, _MOST))
            yield start[4:], content
            stream.seek(size - len(content) + 4, io.SEEK_CUR)
        else:
            stream.seek(size + 4, io.SEEK_CUR)


def _number(content: bytes, otherwise: int) -> int:
    return int.from_bytes(content[:4], "big") if len(content) >= 4 else otherwise
