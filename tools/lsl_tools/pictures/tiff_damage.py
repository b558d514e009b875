"""Damage in packed TIFFs that OpenCV does not tell: it leaves black what it cannot unpack."""

from __future__ import annotations

import io
import zlib
from itertools import islice
from typing import Final

from lsl_tools.pictures.tiff_directories import read_directories
from lsl_tools.pictures.tiff_header import TiffHeader

__all__ = ["is_damaged"]

_DEFLATE: Final = frozenset({8, 32946})
_PLACES_AND_SIZES: Final = ((273, 279), (324, 325))  # of strips, of tiles
_MOST_STRIPS, _PIECE = 1_000_000, 1 << 20


def is_damaged(header: TiffHeader, data: bytes) -> bool:
    """Whether a strip or tile of a TIFF packed with deflate fails its checksum; the other packings have none."""
    if header.page.compression not in _DEFLATE:
        return False
    pages = islice(read_directories(io.BytesIO(data)), header.place, header.place + header.together)
    for page in pages:
        for place_tag, size_tag in _PLACES_AND_SIZES:
            places, sizes = page.numbers(place_tag, _MOST_STRIPS), page.numbers(size_tag, _MOST_STRIPS)
            if any(not _inflates(data[place : place + size]) for place, size in zip(places, sizes, strict=False)):
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
