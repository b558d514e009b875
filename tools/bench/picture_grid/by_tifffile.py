"""Pictures written by tifffile and imagecodecs."""

from __future__ import annotations

import io
import itertools
import struct
import warnings
from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from picture_grid.written import ALPHA, COLOUR, DEPTHS, GREY, Way, Written, deep, flattened, grey_rgb, turned

__all__ = ["ways"]

PACKINGS = (
    None, "lzw", "deflate", "adobe_deflate", "packbits", "lzma", "zstd", "jpeg", "jpeg2000", "jpegxl", "jpegxr", "png",
    "webp", "lerc",
)  # fmt: skip
LOSSY = ("jpeg", "jpegxr", "webp")
DEPTHS_OF_INKS: tuple[tuple[int, Any], ...] = ((1, np.uint8), (257, np.uint16))
REFUSED: tuple[Any, ...] = (np.int8, np.int16, np.uint32, np.int32, np.float16, np.float32, np.float64)
_STAND_IN = 269  # tifffile writes no FillOrder: this tag, next to it, is renamed


def ways() -> Iterator[Way]:
    """Every packing with every kind of pixels, layout, order of bytes and orientation that tifffile writes."""
    kinds = list(_kinds())
    for packing in PACKINGS:
        for name, pixels, truth, options in kinds:
            bits = options.get("bitspersample", 8 * pixels.dtype.itemsize)
            if packing in LOSSY and (bits < 8 or options["photometric"] == "palette"):  # other values are other colours
                continue
            if packing == "jpeg" and bits == 16:  # it keeps 12 of them
                continue
            for layout in _layouts(packing, pixels, bits):
                told = {"compression": packing, **options, **layout}
                yield Way(f"{name} {_words(packing, layout)}", partial(_saved, pixels, truth, told))
    for (name, pixels, truth, options), orientation in itertools.product(kinds, range(1, 9)):
        for packing in (None, "lzw", "zstd"):
            told = {"compression": packing, **options, "extratags": [(274, 3, 1, orientation, True)]}
            write = partial(_saved, pixels, turned(truth, orientation), told)
            yield Way(f"{name} {packing} turned {orientation}", write)
    for name, pixels, truth, options in kinds:
        yield Way(f"{name} FillOrder 2", partial(_with_reversed_bits, pixels, truth, options))


def _kinds() -> Iterator[tuple[str, NDArray[Any], NDArray[np.uint8], dict[str, Any]]]:
    """Name, pixels, what they show, and options."""
    for bits in (1, 2, 4, 8, *DEPTHS):
        grey, shown = _of_bits(GREY, bits)
        depth = {} if bits in (1, 8, 16) else {"bitspersample": bits}
        yield f"black-is-0 {bits}", grey, grey_rgb(shown), {"photometric": "minisblack", **depth}
        yield f"white-is-0 {bits}", grey, grey_rgb(255 - shown), {"photometric": "miniswhite", **depth}
        if bits > 1:
            colour, shown_colour = _of_bits(COLOUR, bits)
            yield f"rgb {bits}", colour, shown_colour, {"photometric": "rgb", **depth}
            planes = np.ascontiguousarray(np.moveaxis(colour, 2, 0))
            yield (
                f"rgb planes {bits}",
                planes,
                shown_colour,
                {"photometric": "rgb", "planarconfig": "separate", **depth},
            )
    for scale, dtype in DEPTHS_OF_INKS:
        yield from _with_alpha(scale, dtype)
        inks = np.dstack([255 - COLOUR, np.full_like(GREY, 40)]).astype(dtype) * dtype(scale)
        light = (COLOUR.astype(float) * (255 - 40) / 255).round().astype(np.uint8)
        yield f"cmyk {dtype.__name__}", inks, light, {"photometric": "separated"}
        planes = np.ascontiguousarray(np.moveaxis(inks, 2, 0))
        yield f"cmyk planes {dtype.__name__}", planes, light, {"photometric": "separated", "planarconfig": "separate"}
        yield f"icc lab {dtype.__name__}", COLOUR.astype(dtype), COLOUR, {"photometric": "icclab"}
    yield from _palettes()
    for dtype in REFUSED:
        yield f"black-is-0 {dtype.__name__}", GREY.astype(dtype), grey_rgb(GREY), {"photometric": "minisblack"}
        yield f"rgb {dtype.__name__}", COLOUR.astype(dtype), COLOUR, {"photometric": "rgb"}


def _of_bits(values: NDArray[np.uint8], bits: int) -> tuple[NDArray[Any], NDArray[np.uint8]]:
    """The values in so many bits, and as they are shown in 8."""
    if bits > 8:
        return deep(values, bits), values
    coarse = values >> (8 - bits)
    shown = (coarse * (255 / (2**bits - 1))).round().astype(np.uint8)
    return coarse.astype(bool) if bits == 1 else coarse, shown


def _with_alpha(scale: int, dtype: Any) -> Iterator[tuple[str, NDArray[Any], NDArray[np.uint8], dict[str, Any]]]:
    multiplied = (COLOUR * (ALPHA[..., None] / 255)).round().astype(np.uint8)
    for kind, colour, over in (("unassalpha", COLOUR, False), ("assocalpha", multiplied, True)):
        shown = flattened(colour, ALPHA, over)
        pixels = np.dstack([colour, ALPHA]).astype(dtype) * dtype(scale)
        options = {"photometric": "rgb", "extrasamples": [kind]}
        yield f"rgb {kind} {dtype.__name__}", pixels, shown, options
        planes = np.ascontiguousarray(np.moveaxis(pixels, 2, 0))
        yield f"rgb {kind} planes {dtype.__name__}", planes, shown, {**options, "planarconfig": "separate"}
        grey = flattened(grey_rgb(colour[..., 0]), ALPHA, over)
        for photometric in ("minisblack",):
            one = np.ascontiguousarray(pixels[..., [0, 3]])
            told = {"photometric": photometric, "extrasamples": [kind], "planarconfig": "contig"}
            yield f"{photometric} {kind} {dtype.__name__}", one, grey, told


def _palettes() -> Iterator[tuple[str, NDArray[Any], NDArray[np.uint8], dict[str, Any]]]:
    for bits, dtype in ((8, np.uint8), (16, np.uint16)):
        table = np.random.default_rng(bits).integers(0, 256, (3, 2**bits), dtype=np.uint16)
        places = GREY.astype(dtype) * (1 if bits == 8 else 257)
        shown = table[:, places].transpose(1, 2, 0).astype(np.uint8)
        yield f"palette {bits}", places, shown, {"photometric": "palette", "colormap": table * 257}


def _layouts(packing: str | None, pixels: NDArray[Any], bits: int) -> Iterator[dict[str, Any]]:
    for order, big, tile, predictor in itertools.product("<>", (False, True), (None, (16, 32)), (False, True)):
        if predictor and (packing not in ("lzw", "deflate", "zstd", "lzma") or pixels.dtype == bool):
            continue
        if big and (predictor or tile or order == ">"):
            continue
        if order == ">" and 8 < bits < 16:  # it swaps bytes before it packs the bits, and cannot read them back
            continue
        yield {"byteorder": order, "bigtiff": big, "tile": tile, "predictor": predictor}
    yield {"rowsperstrip": 5}


def _words(packing: str | None, layout: dict[str, Any]) -> str:
    return " ".join([str(packing), *(f"{key}={value}" for key, value in layout.items() if value)])


def _saved(pixels: NDArray[Any], truth: NDArray[np.uint8], options: dict[str, Any]) -> Written | None:
    stream = io.BytesIO()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tifffile.imwrite(stream, pixels, metadata=None, **options)
    except Exception:  # it does not offer this combination
        return None
    inks = options["photometric"] == "separated"
    if options.get("compression") not in LOSSY:
        return Written(stream.getvalue(), truth, tolerance=1 if inks else 0)
    if inks or "extrasamples" in options:
        return None
    kept = tifffile.imread(io.BytesIO(stream.getvalue()))
    return Written(stream.getvalue(), _shown(kept, options), tolerance=2)


def _shown(kept: NDArray[Any], options: dict[str, Any]) -> NDArray[np.uint8]:
    """What tifffile itself reads, as it is shown."""
    bits = options.get("bitspersample", 8 * kept.dtype.itemsize)
    if options.get("planarconfig") == "separate":
        kept = np.moveaxis(kept, 0, 2)
    shown = (kept * (255 / (2**bits - 1))).round().astype(np.uint8)
    if options["photometric"] == "miniswhite":
        shown = 255 - shown
    return grey_rgb(shown) if shown.ndim == 2 else shown


def _with_reversed_bits(pixels: NDArray[Any], truth: NDArray[np.uint8], options: dict[str, Any]) -> Written | None:
    """FillOrder 2: the bits of every byte the other way round, in a file that is not packed."""
    written = _saved(pixels, truth, {**options, "extratags": [(_STAND_IN, 3, 1, 2, True)]})
    if written is None:
        return None
    with tifffile.TiffFile(io.BytesIO(written.data)) as file:
        page = file.pages.first
        places = list(zip(page.dataoffsets, page.databytecounts, strict=True))
    stand_in, fill_order = (struct.pack("<HHII", tag, 3, 1, 2) for tag in (_STAND_IN, 266))
    data = bytearray(written.data.replace(stand_in, fill_order))
    for start, size in places:
        content = np.frombuffer(bytes(data[start : start + size]), np.uint8)
        data[start : start + size] = np.packbits(np.unpackbits(content, bitorder="little")).tobytes()
    return Written(bytes(data), truth, written.tolerance)
