"""Photographs in the microscopists' formats, through their own libraries: OME-TIFF (tifffile) and OME-Zarr (zarr)."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError, ImageError
from lsl_tools.pictures.read_image import MAX_PIXELS

__all__ = ["OME_TIFF", "is_ome_tiff", "is_ome_zarr", "read_ome_tiff", "read_ome_zarr"]

OME_TIFF: Final = (".ome.tif", ".ome.tiff")
_EXTRA = "pip install 'lsl-toolkit[microscopy]'"


def is_ome_tiff(path: Path) -> bool:
    """Whether a file's name says that it is an OME-TIFF."""
    return path.name.lower().endswith(OME_TIFF)


def is_ome_zarr(path: Path) -> bool:
    """Whether a folder is an OME-Zarr image: a Zarr group of any version."""
    return path.is_dir() and any((path / name).is_file() for name in ("zarr.json", ".zgroup"))


def read_ome_tiff(path: Path) -> NDArray[np.uint8]:
    """The first image of an OME-TIFF, uint8 (H, W, 3), RGB. Raises ImageError; DataFileError without tifffile."""
    try:
        import tifffile
    except ImportError:
        raise DataFileError(path, f"reading an OME-TIFF needs tifffile: {_EXTRA}") from None
    try:
        with tifffile.TiffFile(path) as file:
            series = file.series[0]
            _check_size(series.axes, series.shape)
            return _picture(series.asarray(), series.axes)
    except ImageError:
        raise
    except Exception as problem:  # tifffile and its codecs have no common base of errors
        raise ImageError(f"is damaged, or an OME-TIFF of a kind that cannot be read ({problem})") from None


def read_ome_zarr(path: Path) -> NDArray[np.uint8]:
    """The finest level of an OME-Zarr image's first multiscale, uint8 (H, W, 3). Raises as `read_ome_tiff` does."""
    try:
        import zarr
    except ImportError:
        raise DataFileError(path, f"reading an OME-Zarr needs zarr: {_EXTRA}") from None
    try:
        group = zarr.open_group(path, mode="r")
        axes, level = _finest(dict(group.attrs))
        array: Any = group[level]
        _check_size(axes, array.shape)
        return _picture(np.asarray(array[...]), axes)
    except ImageError:
        raise
    except Exception as problem:  # zarr and its codecs have no common base of errors
        raise ImageError(f"is damaged, or an OME-Zarr of a kind that cannot be read ({problem})") from None


def _finest(attributes: dict[str, Any]) -> tuple[str, str]:
    """Axes as letters and path of the first multiscale's first level, OME-NGFF 0.4 (top level) or 0.5 (under ome)."""
    described = attributes.get("ome", attributes)
    multiscales = described.get("multiscales") if isinstance(described, dict) else None
    if not multiscales:
        raise ImageError("is a Zarr without OME multiscales: no image")
    axes = multiscales[0].get("axes", ["t", "c", "z", "y", "x"])
    names = "".join(axis["name"] if isinstance(axis, dict) else axis for axis in axes)
    return names.upper(), str(multiscales[0]["datasets"][0]["path"])


def _check_size(axes: str, shape: tuple[int, ...]) -> None:
    """Refuses, before a pixel is decoded, what would not fit into memory."""
    pixels = int(np.prod([int(side) for side in shape]))
    if pixels > 16 * MAX_PIXELS or pixels < 1:
        raise ImageError(f"has {'×'.join(map(str, shape))} values, at most {16 * MAX_PIXELS // 10**6} million are read")
    sides = [int(side) for axis, side in zip(axes, shape, strict=True) if axis in "YX"]
    if len(sides) != 2 or int(np.prod(sides)) > MAX_PIXELS:
        raise ImageError(f"has axes {axes} of {shape}, expected Y and X of at most {MAX_PIXELS // 10**6} megapixels")


def _picture(values: NDArray[Any], axes: str) -> NDArray[np.uint8]:
    """uint8 (H, W, 3) of an array with axes such as TCZYX or YXS: first time, middle plane, 1 or 3 channels.

    16 bits are scaled by their own greatest value, as microscopes use 10 to 16 of them.
    """
    for axis in [axis for axis in axes if axis not in "YXCS"]:
        place = axes.index(axis)
        values = values.take(values.shape[place] // 2 if axis == "Z" else 0, axis=place)
        axes = axes.replace(axis, "", 1)
    channels = [axis for axis in axes if axis in "CS" and values.shape[axes.index(axis)] > 1]
    if len(channels) > 1:
        raise ImageError(f"has axes {axes} of {values.shape}, expected one axis of colours")
    order = [axes.index("Y"), axes.index("X"), *(axes.index(axis) for axis in axes if axis in "CS")]
    flat = values.transpose(order).reshape(values.shape[axes.index("Y")], values.shape[axes.index("X")], -1)
    if flat.shape[2] not in (1, 3, 4):
        raise ImageError(f"has {flat.shape[2]} channels, expected grey or RGB from a transmitted-light camera")
    eight = _eight_bits(flat[..., :3])
    return np.ascontiguousarray(eight if eight.shape[2] == 3 else np.repeat(eight, 3, axis=2))


def _eight_bits(values: NDArray[Any]) -> NDArray[np.uint8]:
    if values.dtype == np.uint8:
        return values
    if values.dtype != np.uint16:
        raise ImageError(f"has {values.dtype} pixels, expected 8 or 16 bits without sign: save it again so")
    bits = max(8, int(values.max()).bit_length())
    return np.asarray(values >> (bits - 8), np.uint8)
