"""BMP and PNG files put together by hand: headers and chunks that the programs read but do not write."""

from __future__ import annotations

import itertools
import struct
import zlib
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from picture_grid.written import ALPHA, COLOUR, GREY, Way, Written, deep, flattened, grey_rgb, turned

__all__ = ["ways"]

HEIGHT, WIDTH = GREY.shape
PALETTE = np.random.default_rng(3).integers(0, 256, (256, 3), dtype=np.uint8)
PLACES = {"red": 0xFF, "green": 0xFF00, "blue": 0xFF0000, "alpha": 0xFF000000}


def ways() -> Iterator[Way]:
    """BMPs of every header, depth, order of colours and packing; PNGs of every kind and depth, turned every way."""
    yield from _coloured_bmps()
    yield from _palette_bmps()
    for bits, kind in itertools.product((1, 2, 4, 8, 16), (0, 2, 3, 4, 6)):
        if bits in {0: (1, 2, 4, 8, 16), 3: (1, 2, 4, 8)}.get(kind, (8, 16)):
            for orientation in range(1, 9):
                yield Way(f"png {kind} {bits} turned {orientation}", partial(_png, kind, bits, orientation, False))
            yield Way(f"png {kind} {bits} eXIf at the end", partial(_png, kind, bits, 6, True))
            if kind in (0, 2):
                yield Way(f"png {kind} {bits} one transparent", partial(_png, kind, bits, 1, False, True))


def _bmp(header: bytes, rows: bytes, palette: bytes = b"") -> bytes:
    start = 14 + len(header) + len(palette)
    return b"BM" + struct.pack("<IHHI", start + len(rows), 0, 0, start) + header + palette + rows


def _header(length: int, bits: int, packing: int = 0, down: bool = False, masks: tuple[int, ...] = ()) -> bytes:
    if length == 12:
        return struct.pack("<IHHHH", 12, WIDTH, HEIGHT, 1, bits)
    height = -HEIGHT if down else HEIGHT
    start = struct.pack("<IiiHHIIiiII", length, WIDTH, height, 1, bits, packing, 0, 2835, 2835, 0, 0)
    more = b"".join(struct.pack("<I", mask) for mask in masks)
    return (start + more).ljust(length, b"\0") if length > 40 else start + more


def _rows(pixels: NDArray[Any], down: bool = False) -> bytes:
    lines = [line.tobytes() for line in (pixels if down else pixels[::-1])]
    return b"".join(line + bytes(-len(line) % 4) for line in lines)


def _coloured_bmps() -> Iterator[Way]:
    blue_first = COLOUR[..., ::-1]
    for length, down in itertools.product((12, 40, 64, 108, 124), (False, True)):
        if down and length == 12:
            continue
        data = _bmp(_header(length, 24, down=down), _rows(blue_first, down))
        yield _way(f"bmp 24 {length} {down=}", data, COLOUR)
    unused = np.dstack([blue_first, np.full_like(GREY, 77)])
    yield _way("bmp 32 40", _bmp(_header(40, 32), _rows(unused)), COLOUR)
    for names in itertools.permutations(PLACES):
        masks = tuple(0xFF << 8 * names.index(name) for name in ("red", "green", "blue", "alpha"))
        layers = {"red": COLOUR[..., 0], "green": COLOUR[..., 1], "blue": COLOUR[..., 2], "alpha": ALPHA}
        pixels = np.dstack([layers[name] for name in names])
        for length in (40, 56, 108, 124):
            shown = COLOUR if length == 40 else flattened(COLOUR, ALPHA)
            kept = masks[:3] if length == 40 else masks
            yield _way(f"bmp 32 {length} {names}", _bmp(_header(length, 32, 3, masks=kept), _rows(pixels)), shown)
    for bits, length in itertools.product(((5, 6, 5), (5, 5, 5)), (40, 52, 56, 108, 124)):
        yield _way(f"bmp 16 {bits} {length}", *_sixteen(bits, length, 3))
    yield _way("bmp 16 without masks", *_sixteen((5, 5, 5), 40, 0))


def _sixteen(bits: tuple[int, int, int], length: int, packing: int) -> tuple[bytes, NDArray[np.uint8]]:
    red, green, blue = (COLOUR[..., channel].astype(np.uint16) >> 8 - bits[channel] for channel in range(3))
    pixels = (red << bits[1] + bits[2] | green << bits[2] | blue).astype("<u2")
    masks = (((1 << bits[0]) - 1) << bits[1] + bits[2], ((1 << bits[1]) - 1) << bits[2], (1 << bits[2]) - 1)
    layers = zip((red, green, blue), bits, strict=True)
    shown = np.dstack([(layer * (255 / (2**count - 1))).round() for layer, count in layers])
    header = _header(length, 16, packing, masks=masks if packing else ())
    return _bmp(header, _rows(pixels)), shown.astype(np.uint8)


def _palette_bmps() -> Iterator[Way]:
    for length, bits, grey in itertools.product((12, 40, 64, 108, 124), (1, 4, 8), (False, True)):
        steps = np.linspace(0, 255, 2**bits).round().astype(np.uint8)
        table = np.repeat(steps[:, None], 3, axis=1) if grey else PALETTE[: 2**bits]
        places = GREY >> 8 - bits
        stored = table[:, ::-1] if length == 12 else np.dstack([*table.T[::-1], np.zeros(len(table), np.uint8)])[0]
        shifts = np.arange(8 - bits, -1, -bits, dtype=np.uint8)
        padded = np.pad(places, ((0, 0), (0, -WIDTH % len(shifts)))).reshape(HEIGHT, -1, len(shifts))
        packed = (padded << shifts).sum(axis=2).astype(np.uint8)
        data = _bmp(_header(length, bits), _rows(packed), stored.tobytes())
        yield _way(f"bmp palette {bits} {length} {grey=}", data, table[places])
    run = b"".join(b"".join(bytes([1, value]) for value in line) + b"\0\0" for line in GREY[::-1]) + b"\0\1"
    four = np.dstack([*PALETTE.T[::-1], np.zeros(256, np.uint8)])[0].tobytes()
    yield _way("bmp palette 8 runs", _bmp(_header(40, 8, 1), run, four), PALETTE[GREY])


def _way(name: str, data: bytes, truth: NDArray[np.uint8]) -> Way:
    return Way(name, lambda: Written(data, truth))


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _png(kind: int, bits: int, orientation: int, late: bool, transparent: bool = False) -> Written:
    """A PNG of colour type `kind`, with its orientation before or after the pixels."""
    samples, shown = _png_pixels(kind, bits)
    extra = b""
    if transparent:
        one = samples.reshape(HEIGHT, WIDTH, -1)[5, 7]
        extra = _chunk(b"tRNS", b"".join(int(value).to_bytes(2, "big") for value in one))
        shown = np.where((samples.reshape(HEIGHT, WIDTH, -1) == one).all(axis=2)[..., None], 255, shown)
    if kind == 3:
        extra = _chunk(b"PLTE", PALETTE[: 2**bits].tobytes())
    tag = b"MM\0*" + struct.pack(">IHHHIHHI", 8, 1, 274, 3, 1, orientation, 0, 0)
    turn = _chunk(b"eXIf", tag)
    header = _chunk(b"IHDR", struct.pack(">IIBBBBB", WIDTH, HEIGHT, bits, kind, 0, 0, 0))
    pixels = _chunk(b"IDAT", zlib.compress(b"".join(b"\0" + line for line in _png_lines(samples, bits))))
    chunks = (header, extra, pixels, turn) if late else (header, turn, extra, pixels)
    data = b"\x89PNG\r\n\x1a\n" + b"".join(chunks) + _chunk(b"IEND", b"")
    return Written(data, turned(shown.astype(np.uint8), orientation))


def _png_pixels(kind: int, bits: int) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """Samples as stored, and what they show."""
    if kind == 3:
        places = GREY >> 8 - bits
        return places, PALETTE[places]
    colour = {0: GREY, 2: COLOUR, 4: np.dstack([GREY, ALPHA]), 6: np.dstack([COLOUR, ALPHA])}[kind]
    if bits < 8:
        coarse = colour >> 8 - bits
        return coarse, grey_rgb((coarse * (255 / (2**bits - 1))).round().astype(np.uint8))
    seen = {0: grey_rgb(GREY), 2: COLOUR, 4: flattened(grey_rgb(GREY), ALPHA), 6: flattened(COLOUR, ALPHA)}[kind]
    return (deep(colour, 16).astype(">u2") if bits == 16 else colour), seen


def _png_lines(samples: NDArray[Any], bits: int) -> Iterator[bytes]:
    for line in samples.reshape(HEIGHT, -1):
        if bits >= 8:
            yield line.tobytes()
        else:
            spread = (line[:, None] >> np.arange(bits - 1, -1, -1)) & 1
            yield np.packbits(spread.astype(np.uint8)).tobytes()
