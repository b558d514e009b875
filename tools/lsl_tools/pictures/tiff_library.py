"""Decoding TIFFs that OpenCV does not read right, with tifffile and imagecodecs (extra `microscopy`)."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.pictures.decoded import Decoded
from lsl_tools.pictures.planes import check_stack, one_picture
from lsl_tools.pictures.tiff_colours import check_page, coloured
from lsl_tools.pictures.tiff_header import TiffHeader, TiffPage
from lsl_tools.pictures.tiff_packings import packing_name

if TYPE_CHECKING:
    import tifffile

__all__ = ["decode_with_tifffile", "has_tifffile"]

_PALETTE, _CMYK = 3, 5
EXTRA = "pip install 'lsl-toolkit[microscopy]'"


def has_tifffile() -> bool:
    """Whether tifffile is installed."""
    return find_spec("tifffile") is not None


def decode_with_tifffile(header: TiffHeader, data: bytes) -> Decoded:
    """The picture of a TIFF, unturned. Raises ImageError, also where tifffile or imagecodecs is not installed."""
    check_page(header.page)
    packing = packing_name(header.page.compression)
    if not has_tifffile():
        what = "is a stack of pages" if header.series else f"is a TIFF packed with {packing}, of a kind"
        raise ImageError(f"{what} that needs tifffile: {EXTRA}; or save it as a plain TIFF or PNG")
    import tifffile

    try:
        with _silent(), tifffile.TiffFile(io.BytesIO(data)) as file:
            return _stack(file, header) if header.series else _pages(file, header)
    except (ImageError, MemoryError):
        raise
    except Exception as problem:  # tifffile and its codecs have no common base of errors
        if "imagecodecs" in str(problem):
            raise ImageError(f"is packed with {packing}, which needs imagecodecs: {EXTRA}") from None
        raise ImageError(f"is damaged, or a TIFF (packed with {packing}) of a kind that cannot be read") from None


def _pages(file: tifffile.TiffFile, header: TiffHeader) -> Decoded:
    """One page, or three that are red, green and blue."""
    places = [header.place + channel for channel in header.order] if header.together == 3 else [header.place]
    pages = [_values(file.pages[place].asarray(), header.page) for place in places]
    colour_map = getattr(file.pages[places[0]], "colormap", None)
    return coloured(np.concatenate(pages, axis=2), header.page, colour_map)


def _values(values: NDArray[Any], page: TiffPage) -> NDArray[Any]:
    """(H, W), (H, W, C) or, by planes, (C, H, W) → (H, W, C)."""
    if values.ndim == 3 and page.planar == 2 and page.samples > 1:
        return np.moveaxis(values, 0, 2)
    return values.reshape(page.height, page.width, page.samples)


def _stack(file: tifffile.TiffFile, header: TiffHeader) -> Decoded:
    """The first series of pages that belong together, by the axes that the file names."""
    if header.page.photometric in (_PALETTE, _CMYK):
        raise ImageError("is a stack in colours other than grey or RGB: save it as such")
    series = file.series[0]
    if any(page is None for page in series.pages):
        raise ImageError("lacks pages that it describes: they lie in other files")
    check_stack(series.axes, series.shape)
    values, remarks = one_picture(series.asarray(), series.axes)
    if values.shape[2] == 3 and header.page.samples == 1:
        values = values[..., list(header.order)]
        remarks = (*remarks, "three channels, taken as red, green and blue")
    found = coloured(values, header.page, None)
    return replace(found, remarks=(*remarks, *found.remarks))


@contextmanager
def _silent() -> Iterator[None]:
    """What tifffile would print is told in the error."""
    logger = logging.getLogger("tifffile")
    before = logger.disabled
    logger.disabled = True
    try:
        yield
    finally:
        logger.disabled = before
