"""Channels in pages of their own: what ImageJ's, OME's and tifffile's descriptions of a TIFF say about them."""

from __future__ import annotations

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from lsl_tools.pictures.planes import COLOURS_AS_X
from lsl_tools.pictures.tiff_directories import Directory

__all__ = ["Stack", "channel_order", "read_stack"]

_IMAGEJ_SIZES, _IMAGEJ_DATA = 50838, 50839
_LUT, _MOST_KINDS = 768, 512  # bytes: 256 of red, of green, of blue; and of the list of kinds
_RGB: Final = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
_FEW = 4  # a photograph has more lines
_OTHER = "channels of other colours than red, green and blue: they are taken so in their order"


@dataclass(frozen=True)
class Stack:
    """`channels`: 3 where three pages are one picture in colour. `series`: only tifffile takes the pages apart.

    `elsewhere`: part of the picture lies in other files. `lines`: every page is a line of a picture, whose axes were
    named wrongly. `images`: how many ImageJ counts, which may lie behind one directory.
    """

    channels: int = 1
    series: bool = False
    elsewhere: bool = False
    lines: bool = False
    images: int = 1


def read_stack(described: bytes, pages: int) -> Stack:
    """How a file's description lays out its `pages` pages."""
    if described.startswith(b"ImageJ="):
        channels, images = (_line(described, name) for name in (b"channels", b"images"))
        return Stack(channels, series=channels == 3 and pages < min(images, 3), images=images)
    if described.startswith(b'{"shape": [3, ') and b'"axes": "CYX"' in described:
        return Stack(3)
    pixels = re.search(rb"<(?:\w+:)?Pixels\b[^>]*>", described) if b"<OME" in described else None
    return _ome(described, pixels[0], pages) if pixels else Stack()


def channel_order(page: Directory, described: bytes) -> tuple[tuple[int, int, int], tuple[str, ...]]:
    """Which of three channels is red, green and blue, and a remark where their colours are others."""
    colours = _imagej_colours(page) if described.startswith(b"ImageJ=") else _ome_colours(described)
    if len(colours) < 3 or len(set(colours[:3])) == 1:  # nothing said
        return (0, 1, 2), ()
    if set(colours[:3]) != set(_RGB):
        return (0, 1, 2), (_OTHER,)
    red, green, blue = (colours.index(colour) for colour in _RGB)
    return (red, green, blue), ()


def _line(described: bytes, name: bytes) -> int:
    found = re.search(rb"^" + name + rb"=(\d{1,9})\b", described, re.MULTILINE)
    return int(found[1]) if found else 1


def _ome(described: bytes, pixels: bytes, pages: int) -> Stack:
    channels, planes, times = (_attribute(pixels, name, 1) for name in (b"SizeC", b"SizeZ", b"SizeT"))
    channel = re.search(rb"<(?:\w+:)?Channel\b[^>]*>", described)
    samples = _attribute(channel[0], b"SamplesPerPixel", 1) if channel else 1
    count = planes * times * channels // max(samples, 1)
    if len(set(re.findall(rb'\bFileName="([^"]*)"', described))) > 1 or count > pages:
        return Stack(elsewhere=True)
    if count == channels == 3 and _straight(described):
        return Stack(3)
    lines = count == planes > _FEW and _attribute(pixels, b"SizeX", 0) in COLOURS_AS_X
    return Stack(channels if samples == 1 else 1, series=count > 1, lines=lines)


def _straight(described: bytes) -> bool:
    """Whether the channels lie in the pages in their order."""
    blocks = re.findall(rb"<(?:\w+:)?TiffData\b[^>]*>", described)
    return all(_attribute(block, b"IFD", 0) == _attribute(block, b"FirstC", 0) for block in blocks)


def _attribute(tag: bytes, name: bytes, otherwise: int) -> int:
    found = re.search(rb"\b" + name + rb"""=["'](-?\d{1,10})["']""", tag)
    return int(found[1]) if found else otherwise


def _ome_colours(described: bytes) -> Sequence[tuple[int, int, int]]:
    white = 0xFFFFFFFF
    stated = [_attribute(tag, b"Color", white) & white for tag in re.findall(rb"<(?:\w+:)?Channel\b[^>]*>", described)]
    return [(colour >> 24, colour >> 16 & 255, colour >> 8 & 255) for colour in stated]


def _imagej_colours(page: Directory) -> Sequence[tuple[int, int, int]]:
    """The brightest colours of the channels' tables, which ImageJ keeps as blocks behind a list of their kinds."""
    sizes, data = page.numbers(_IMAGEJ_SIZES, 256), page.text(_IMAGEJ_DATA, 1 << 20)
    order, start = ">" if data.startswith(b"IJIJ") else "<", (*sizes, 0)[0]
    kinds = [struct.unpack_from(order + "4sI", data, at) for at in range(4, min(start, len(data), _MOST_KINDS) - 7, 8)]
    names = [kind if order == ">" else kind[::-1] for kind, count in kinds for _ in range(min(count, len(sizes)))]
    colours, place = [], start
    for name, size in zip(names, sizes[1:], strict=False):
        table = data[place : place + size]
        if name == b"luts" and len(table) == _LUT:
            colours.append((table[255], table[511], table[767]))
        place += size
    return colours
