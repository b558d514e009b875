"""How the pixels of TIFFs are packed: the names of tag 259, for messages."""

from __future__ import annotations

from typing import Final

__all__ = ["packing_name"]

_NAMES: Final = {
    1: "nothing",
    2: "CCITT RLE",
    3: "CCITT fax 3",
    4: "CCITT fax 4",
    5: "LZW",
    6: "old JPEG",
    7: "JPEG",
    8: "deflate",
    9: "JBIG",
    32766: "NeXT RLE",
    32773: "PackBits",
    32809: "ThunderScan",
    32946: "deflate",
    33003: "JPEG 2000",
    33004: "JPEG 2000",
    33005: "JPEG 2000",
    33007: "JPEG",
    34661: "JBIG",
    34676: "SGI log",
    34677: "SGI log",
    34712: "JPEG 2000",
    34713: "Nikon's raw",
    34887: "LERC",
    34892: "JPEG",
    34925: "LZMA",
    34926: "Zstandard",
    34927: "WebP",
    34933: "PNG",
    34934: "JPEG XR",
    22610: "JPEG XR",
    50000: "Zstandard",
    50001: "WebP",
    50002: "JPEG XL",
    52546: "JPEG XL",
}


def packing_name(compression: int) -> str:
    """The name of a packing, such as JPEG 2000."""
    return _NAMES.get(compression, f"packing {compression}")
