"""OME-Zarr folders, and bare Zarr arrays, through zarr: images, bioformats2raw folders, plates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.axes import as_meant
from lsl_tools.microscopes.libraries import needs, told_plainly
from lsl_tools.microscopes.photograph import check_size
from lsl_tools.microscopes.stack import Stack
from lsl_tools.microscopes.zarr_axes import ZarrImage, describe
from lsl_tools.microscopes.zarr_layout import find_images
from lsl_tools.microscopes.zarr_node import read_node
from lsl_tools.microscopes.zarr_safety import check_array

__all__ = ["open_zarr"]


@contextmanager
def open_zarr(path: Path) -> Iterator[OpenZarr]:
    """Opens a Zarr folder. Raises ImageError, or OSError."""
    try:
        import zarr  # noqa: F401 - told before anything else
    except ImportError:
        raise needs("an OME-Zarr", "zarr", "microscopy") from None
    yield OpenZarr(path)


class OpenZarr:
    """A Zarr folder; a scene is an image in it. Scenes are called by their path in the folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._images = find_images(read_node(path))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """Of the images: their paths below the folder, '' for the folder itself."""
        below = [image.folder.relative_to(self._path).as_posix() for image in self._images]
        return tuple("" if path == "." else path for path in below)

    def stack(self, place: int) -> Stack:
        """The scene at a place."""
        image = describe(self._images[place])
        shape = check_array(image.array)
        if len(shape) != len(image.axes) or len(set(image.axes)) != len(shape):
            raise ImageError(f"is damaged: {len(shape)} axes are called {', '.join(image.axes)}")
        axes, remarks = as_meant(image.axes, dict(zip(image.axes, shape, strict=True)))
        lengths = dict(zip(axes, shape, strict=True))
        if not {"Y", "X"} <= lengths.keys():
            raise ImageError(f"has axes {', '.join(image.axes)}, expected y and x among them")
        size = (lengths.pop("Y"), lengths.pop("X"))
        lengths.pop("S", None)
        return Stack(
            size,
            lengths,
            lambda places: _plane(image, axes, size, places),
            image.channels,
            pixel_size=image.pixel_size,
            remarks=(*image.remarks, *remarks),
        )


def _plane(image: ZarrImage, axes: tuple[str, ...], size: tuple[int, int], places: Mapping[str, int]) -> NDArray[Any]:
    """The values at the places, (H, W) or (H, W, S)."""
    import zarr

    check_size(size)
    with told_plainly("an OME-Zarr"):
        array: Any = zarr.open_array(image.array.folder, mode="r")
        kept = [axis for axis in axes if axis in ("Y", "X", "S")]
        values = np.asarray(array[tuple(slice(None) if axis in kept else places.get(axis, 0) for axis in axes)])
        return values.transpose([kept.index(axis) for axis in ("Y", "X", "S") if axis in kept])
