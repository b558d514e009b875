"""Damage in packed TIFFs that decoders do not tell: they leave black what is missing or cannot be unpacked."""

from __future__ import annotations

import io
import zlib
from itertools import islice
from typing import Final

from lsl_tools.pictures.tiff_directories import read_directories
from lsl_tools.pictures.tiff_header import TiffHeader

__all__ = ["is_damaged"]

_NOT_PACKED = 1
_DEFLATE: Final = frozenset({8, 32946})
_PLACES_AND_SIZES: Final = ((273, 279), (324, 325))  # of strips, of tiles
_MOST_STRIPS, _PIECE = 1_000_000, 1 << 20


def is_damaged(header: TiffHeader, data: bytes) -> bool:
    """Whether a strip or tile was never written, or fails its checksum, which deflate alone of the packings has."""
    if header.page.compression == _NOT_PACKED:
        return False
    summed = header.page.compression in _DEFLATE
    pages = islice(read_directories(io.BytesIO(data)), header.place, header.place + header.together)
    for page in pages:
        for place_tag, size_tag in _PLACES_AND_SIZES:
            places, sizes = page.numbers(place_tag, _MOST_STRIPS), page.numbers(size_tag, _MOST_STRIPS)
            pieces = list(zip(places, sizes, strict=False))
            if any(not place or not size for place, size in pieces):
                return True
            if summed and any(not _inflates(data[place : place + size]) for place, size in pieces):
                return True
    return False


def _inflates(packed: bytes) -> bool:
    """Whether a stream is whole; a megabyte at a time, however much it unpacks to."""
    inflater, gave = zlib.decompressobj(), True
    try:
        while gave and not inflater.eof:
            gave = bool(inflater.decompress(packed, _PIECE))
            packed = inflater.unconsumed_tail
    except zlib.error:
        return False
    return inflater.eof
