"""Photographs in the microscopists' formats, through their own libraries: OME-Zarr (zarr)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from lsl_shared.errors import DataFileError, ImageError
from lsl_tools.pictures.decoded import Decoded
from lsl_tools.pictures.planes import check_stack, one_picture
from lsl_tools.pictures.read_image import Picture, shown

__all__ = ["is_ome_zarr", "read_ome_zarr"]

_EXTRA = "pip install 'lsl-toolkit[microscopy]'"


def is_ome_zarr(path: Path) -> bool:
    """Whether a folder is an OME-Zarr image: a Zarr group of any version."""
    return path.is_dir() and any((path / name).is_file() for name in ("zarr.json", ".zgroup"))


def read_ome_zarr(path: Path) -> Picture:
    """The finest level of an OME-Zarr image's first multiscale. Raises ImageError; DataFileError without zarr."""
    try:
        import zarr
    except ImportError:
        raise DataFileError(path, f"reading an OME-Zarr needs zarr: {_EXTRA}") from None
    try:
        group = zarr.open_group(path, mode="r")
        axes, level = _finest(dict(group.attrs))
        array: Any = group[level]
        check_stack(axes, array.shape)
        values, remarks = one_picture(np.asarray(array[...]), axes)
        return shown(Decoded(values[..., :3], 8 * values.dtype.itemsize, remarks=remarks))
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
