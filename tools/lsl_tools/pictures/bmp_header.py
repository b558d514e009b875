"""The header of a BMP (or DIB): size, bits a pixel, and how its colours are packed."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import BinaryIO, Final

__all__ = ["HEADER_LENGTHS", "BmpHeader", "read_bmp_header"]

HEADER_LENGTHS: Final = (12, 40, 52, 56, 64, 108, 124)
"""Bytes of the headers that are known, which part a BMP from a text that begins with BM."""
_OLDEST, _OLD, _WITH_ALPHA, _WITH_COLOUR_SPACE, _WITH_PROFILE = 12, 40, 56, 108, 124
_MASKED = 3
_FIVE_BITS: Final = (0x7C00, 0x3E0, 0x1F)
_WHOLE_BYTES: Final = (0xFF0000, 0xFF00, 0xFF)
_CALIBRATED, _EMBEDDED = b"\0\0\0\0", b"DEBM"
_USUAL_GAMMA = 2.2
_MOST_PROFILE = 65_536


@dataclass(frozen=True)
class BmpHeader:
    """What the header says; `masks` are the bits of red, green and blue in a pixel of 16 or 32 bits."""

    height: int
    width: int
    length: int
    bits: int
    masks: tuple[int, ...]
    alpha_mask: int = 0
    profile: bytes = b""
    gamma: float = _USUAL_GAMMA

    @property
    def oldest(self) -> bool:
        """Whether it is OS/2's header of 12 bytes, whose palettes have three bytes a colour."""
        return self.length == _OLDEST

    @property
    def five_bits(self) -> tuple[int, ...]:
        """Bits of red, green and blue in a pixel of 16 bits; () in others."""
        return tuple(mask.bit_count() for mask in self.masks) if self.bits == 16 else ()

    @property
    def alpha(self) -> bool:
        """Whether the fourth byte of a pixel is alpha: OpenCV takes it so where it means nothing."""
        return self.length >= _WITH_ALPHA and self.alpha_mask != 0

    @property
    def misread(self) -> bool:
        """Whether OpenCV passes over its masks and would mix up the colours."""
        return self.length == _OLD and self.bits == 32 and self.masks != _WHOLE_BYTES

    @property
    def gamma_remarks(self) -> tuple[str, ...]:
        """What to tell of a gamma other than the usual one."""
        if abs(self.gamma - _USUAL_GAMMA) <= 0.02 * _USUAL_GAMMA:
            return ()
        return (f"a gamma of {self.gamma:.4g} in place of 2.2, which is not applied: tones come out otherwise",)


def read_bmp_header(stream: BinaryIO) -> BmpHeader:
    """Reads the header from the start of a stream. Raises struct.error where it is cut off."""
    stream.seek(0)
    start = stream.read(14 + _WITH_PROFILE)
    (length,) = struct.unpack_from("<I", start, 14)
    if length == _OLDEST:
        width, height, _, bits = struct.unpack_from("<HHHH", start, 18)
        return BmpHeader(height, width, length, bits, ())
    width, height, _, bits, packing = struct.unpack_from("<iiHHI", start, 18)
    usual = _FIVE_BITS if bits == 16 else _WHOLE_BYTES
    masks = struct.unpack_from("<III", start, 54) if packing == _MASKED else usual
    alpha_mask = int.from_bytes(start[66:70], "little") if length >= _WITH_ALPHA else 0
    profile, gamma = _colours(stream, start, length)
    return BmpHeader(abs(height), width, length, bits, masks, alpha_mask, profile, gamma)


def _colours(stream: BinaryIO, start: bytes, length: int) -> tuple[bytes, float]:
    """The embedded profile and the gamma of green, where the header has them."""
    if length < _WITH_COLOUR_SPACE or len(start) < 14 + length:
        return b"", _USUAL_GAMMA
    kind, gamma = start[70:74], struct.unpack_from("<I", start, 14 + 100)[0] / 65_536
    if kind == _EMBEDDED and length == _WITH_PROFILE:
        place, size = struct.unpack_from("<II", start, 14 + 112)
        stream.seek(14 + place)
        return stream.read(min(size, _MOST_PROFILE)), _USUAL_GAMMA
    return b"", gamma if kind == _CALIBRATED and gamma else _USUAL_GAMMA
