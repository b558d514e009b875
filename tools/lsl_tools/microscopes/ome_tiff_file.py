"""OME-TIFFs of several images, or of channels to choose from, through tifffile; others are read as any TIFF is."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.axes import as_meant
from lsl_tools.microscopes.channels import needs_choice
from lsl_tools.microscopes.libraries import needs, told_plainly
from lsl_tools.microscopes.ome_xml import OmeImage, read_ome_xml
from lsl_tools.microscopes.photograph import check_size
from lsl_tools.microscopes.scene_path import scene_names
from lsl_tools.microscopes.stack import Stack
from lsl_tools.pictures.picture_file import picture_stream
from lsl_tools.pictures.tiff_directories import MAGIC, read_directories

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

__all__ = ["is_taken_apart", "ome_images", "open_ome_tiff"]

_DESCRIPTION, _ORIENTATION = 270, 274
_MOST_DESCRIPTION: Final = 1 << 26
_NEGATIVE: Final = 0
_READ: Final = (0, 1, 2, 6)  # grey, RGB, and YCbCr, which tifffile makes RGB


def ome_images(path: Path) -> tuple[OmeImage, ...]:
    """What the OME-XML of a TIFF says of its images; none for any other file."""
    try:
        with picture_stream(path) as stream:
            if stream.read(4) not in MAGIC:
                return ()
            first = next(read_directories(stream), None)
            return read_ome_xml(first.text(_DESCRIPTION, _MOST_DESCRIPTION)) if first is not None else ()
    except (OSError, struct.error, OverflowError, ImageError):  # told when its pixels are read
        return ()


def is_taken_apart(images: tuple[OmeImage, ...], channel: str = "") -> bool:
    """Whether a file needs to be opened here, and not as any TIFF."""
    if len(images) != 1:
        return len(images) > 1
    return images[0].samples == 1 and needs_choice(images[0].channels, channel)


@contextmanager
def open_ome_tiff(path: Path) -> Iterator[OpenOmeTiff]:
    """Opens an OME-TIFF. Raises ImageError, or OSError."""
    try:
        import tifffile
    except ImportError:
        raise needs("an OME-TIFF of several images or channels", "tifffile", "microscopy") from None
    images = ome_images(path)
    if len(frozenset().union(*(image.files for image in images))) > 1:
        raise ImageError("is one of several files of an OME-TIFF: join them with Fiji or bfconvert")
    with path.open("rb") as stream, told_plainly("an OME-TIFF"), tifffile.TiffFile(stream) as file:
        yield OpenOmeTiff(file, images)


class OpenOmeTiff:
    """An open OME-TIFF; a scene is an image of its."""

    def __init__(self, file: TiffFile, images: tuple[OmeImage, ...]) -> None:
        series = list(file.series)
        self._images = images if len(images) == len(series) else (OmeImage(),) * len(series)
        self._series = series

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the images, as the XML calls them, else their numbers from 1."""
        return scene_names([image.name for image in self._images])

    def stack(self, place: int) -> Stack:
        """The scene at a place, of a pyramid the first level."""
        image, series = self._images[place], self._series[place]
        page: Any = series.keyframe
        if page.photometric not in _READ or page.tags.valueof(_ORIENTATION, 1) != 1:
            raise ImageError("has pixels in colours other than grey or RGB, or turned: save it as plain OME-TIFF")
        lengths = dict(zip(series.axes, series.shape, strict=True))
        axes, remarks = as_meant(series.axes, lengths)
        if axes != tuple(series.axes) or not series.axes.endswith(page.axes):
            raise ImageError(f"has axes {series.axes}, which its pages do not have: name them when it is written")
        loops = {axis: length for axis, length in lengths.items() if axis not in page.axes}
        return Stack(
            (lengths["Y"], lengths["X"]),
            loops,
            lambda places: _plane(series, page, loops, places),
            image.channels,
            bits=image.bits,
            pixel_size=image.pixel_size,
            remarks=remarks,
        )


def _plane(series: TiffPageSeries, page: TiffPage, loops: Mapping[str, int], places: Mapping[str, int]) -> NDArray[Any]:
    """The values at the places, (H, W) or (H, W, S)."""
    check_size((page.imagelength, page.imagewidth))
    at = [places.get(axis, 0) for axis in loops]
    if len(series.pages) == math.prod(loops.values()):
        number = int(np.ravel_multi_index(at, tuple(loops.values()))) if at else 0
        found: Any = series.pages[number]
        if found is None:
            raise ImageError("lacks pages that it describes: they lie in other files")
        values = found.asarray()
    else:  # pages that lie one behind the other are described once
        check_size((math.prod(series.shape[:-1]), 1))
        values = series.asarray()[tuple(at)]
    ordered = values.transpose([page.axes.index(axis) for axis in ("Y", "X", "S") if axis in page.axes])
    return np.asarray(np.iinfo(ordered.dtype).max - ordered if page.photometric == _NEGATIVE else ordered)
