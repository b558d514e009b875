"""OME-TIFF by tifffile, bioio and libvips: colours in one page and in three, pyramids, several images, channels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microscope_writers.written import CHANNELS, Writer, Written, planes

__all__ = ["WRITERS"]

_PIXEL = {"PhysicalSizeX": 0.65, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 0.65, "PhysicalSizeYUnit": "µm"}
_DESCRIPTION = """<?xml version="1.0" encoding="UTF-8"?>
<OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06"><Image ID="Image:0"><Pixels DimensionOrder="XYCZT" \
ID="Pixels:0" SizeC="3" SizeT="1" SizeX="{width}" SizeY="{height}" SizeZ="1" Type="uint8" PhysicalSizeX="0.65" \
PhysicalSizeY="0.65"/></Image></OME>"""
"""What libvips wants to be given for an OME-TIFF."""


def _tifffile(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    import tifffile

    colours: dict[str, Any] = {"photometric": "rgb", "compression": "zlib"}
    grey: dict[str, Any] = {"photometric": "minisblack", "compression": "zlib"}
    tifffile.imwrite(folder / "tifffile-yxs.ome.tif", picture, metadata={"axes": "YXS", **_PIXEL}, **colours)
    yield Written("tifffile-yxs.ome.tif")
    tifffile.imwrite(folder / "tifffile-cyx.ome.tif", planes(picture), metadata={"axes": "CYX"}, **grey)
    yield Written("tifffile-cyx.ome.tif")
    with tifffile.TiffWriter(folder / "tifffile-pyramid.ome.tif", ome=True) as file:
        file.write(picture, subifds=1, tile=(32, 32), metadata={"axes": "YXS"}, **colours)
        file.write(picture[::2, ::2], subfiletype=1, tile=(32, 32), **colours)
    yield Written("tifffile-pyramid.ome.tif")
    with tifffile.TiffWriter(folder / "tifffile-images.ome.tif", ome=True) as file:
        file.write(picture, metadata={"axes": "YXS", "Name": "first"}, **colours)
        file.write(planes(picture), metadata={"axes": "CYX", "Name": "second"}, **grey)
    yield Written("tifffile-images.ome.tif", scenes=2)
    named = {"axes": "CYX", "Channel": {"Name": list(CHANNELS)}}
    tifffile.imwrite(folder / "tifffile-channels.ome.tif", planes(picture), metadata=named, **grey)
    yield Written("tifffile-channels.ome.tif", expected="third")


def _bioio(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    from bioio_ome_tiff.writers import OmeTiffWriter

    for name, values, order in (
        ("bioio-yxs.ome.tif", picture, "YXS"),
        ("bioio-cyx.ome.tif", planes(picture), "CYX"),
        ("bioio-tczyx.ome.tif", planes(picture)[None, :, None], "TCZYX"),
        ("bioio-unnamed.ome.tif", picture, None),
    ):
        OmeTiffWriter.save(values, str(folder / name), dim_order=order)
        yield Written(name)
    OmeTiffWriter.save([picture, picture], str(folder / "bioio-images.ome.tif"), dim_order=["YXS", "YXS"])
    yield Written("bioio-images.ome.tif", scenes=2)
    names = [list(CHANNELS)]
    OmeTiffWriter.save(planes(picture), str(folder / "bioio-channels.ome.tif"), dim_order="CYX", channel_names=names)
    yield Written("bioio-channels.ome.tif", expected="third")


def _pyvips(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    import pyvips

    image = pyvips.Image.new_from_array(picture).copy(interpretation="srgb")
    tiled = {"tile": True, "tile_width": 16, "tile_height": 16, "pyramid": True, "subifd": True}
    image.tiffsave(str(folder / "libvips.ome.tif"), compression="deflate")
    yield Written("libvips.ome.tif")
    image.tiffsave(str(folder / "libvips-lzw-pyramid.ome.tif"), compression="lzw", **tiled)
    yield Written("libvips-lzw-pyramid.ome.tif")
    for quality in (75, 95):  # in YCbCr, and in RGB
        image.tiffsave(str(folder / f"libvips-jpeg-{quality}.ome.tif"), compression="jpeg", Q=quality)
        yield Written(f"libvips-jpeg-{quality}.ome.tif", expected="near")
    height, width, _ = picture.shape
    roll = pyvips.Image.arrayjoin(image.bandsplit(), across=1).copy(interpretation="b-w")
    roll.set_type(pyvips.GValue.gint_type, "page-height", height)
    described = _DESCRIPTION.format(height=height, width=width)
    roll.set_type(pyvips.GValue.gstr_type, "image-description", described)
    roll.tiffsave(str(folder / "libvips-planes.ome.tif"), compression="deflate", **tiled)
    yield Written("libvips-planes.ome.tif")


WRITERS = (Writer("tifffile", _tifffile), Writer("bioio-ome-tiff", _bioio), Writer("pyvips", _pyvips))
