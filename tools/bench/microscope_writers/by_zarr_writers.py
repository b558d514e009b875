"""OME-Zarr and bare Zarr arrays by the libraries that people write them with, in their ways and by their defaults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from microscope_writers.written import CHANNELS, Writer, Written, planes

__all__ = ["WRITERS"]

_SPACE = "micrometer"
_PIXEL = 0.65


def _ome_zarr(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    import zarr
    from ome_zarr.format import FormatV04, FormatV05
    from ome_zarr.writer import write_image

    for version in (FormatV04(), FormatV05()):
        name = f"ome-zarr-{version.version}.zarr"
        write_image(planes(picture), str(folder / name), axes="cyx", fmt=version)
        yield Written(name)
    series = "ome-zarr-series.zarr"  # as bioformats2raw lays them out
    zarr.open_group(folder / series, mode="w", zarr_format=2).attrs["bioformats2raw.layout"] = 3
    for place in range(2):
        write_image(planes(picture)[None, :, None], str(folder / series / str(place)), axes="tczyx", fmt=FormatV04())
    zarr.open_group(folder / series / "OME", mode="w", zarr_format=2).attrs["series"] = ["0", "1"]
    yield Written(series, scenes=2)


def _ngff_zarr(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    import ngff_zarr

    units = {"y": _SPACE, "x": _SPACE}
    image = ngff_zarr.to_ngff_image(picture, dims=("y", "x", "c"), scale={"y": _PIXEL, "x": _PIXEL}, axes_units=units)
    for version in ("0.4", "0.5"):
        name = f"ngff-zarr-{version}.zarr"
        scales = ngff_zarr.to_multiscales(image, scale_factors=[2])
        ngff_zarr.to_ngff_zarr(str(folder / name), scales, version=version)
        yield Written(name)
    unnamed = ngff_zarr.to_multiscales(ngff_zarr.to_ngff_image(planes(picture)), scale_factors=[])
    ngff_zarr.to_ngff_zarr(str(folder / "ngff-zarr-unnamed.zarr"), unnamed)
    yield Written("ngff-zarr-unnamed.zarr", expected="doubted")


def _bioio(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    from bioio_ome_zarr.writers import OMEZarrWriter

    apart = planes(picture)
    units = [None, _SPACE, _SPACE]
    named = {"axes_names": ["c", "y", "x"], "axes_types": ["channel", "space", "space"]}
    beside = {"axes_names": ["y", "x", "c"], "axes_types": ["space", "space", "channel"]}
    sizes = {"axes_units": units, "physical_pixel_size": [1.0, _PIXEL, _PIXEL], "zarr_format": 2}
    for name, values, settings, expected in (
        ("bioio-cyx.zarr", apart, named, "same"),
        ("bioio-cyx-v2.zarr", apart, {**named, **sizes}, "same"),
        ("bioio-yxc.zarr", picture, beside, "same"),
        ("bioio-5d.zarr", apart[None, :, None], {}, "same"),
        ("bioio-unnamed.zarr", apart, {}, "doubted"),
    ):
        further: dict[str, Any] = settings
        writer = OMEZarrWriter(str(folder / name), level_shapes=[values.shape], dtype=values.dtype, **further)
        writer.write_full_volume(values)
        yield Written(name, expected=expected)


def _iohub(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    from iohub import open_ome_zarr

    values = planes(picture)[None, :, None]
    with open_ome_zarr(
        folder / "iohub-fov.zarr", layout="fov", mode="w", channel_names=["Red", "Green", "Blue"]
    ) as field:
        field["0"] = values
    yield Written("iohub-fov.zarr")
    with open_ome_zarr(folder / "iohub-channels.zarr", layout="fov", mode="w", channel_names=list(CHANNELS)) as field:
        field["0"] = values
    yield Written("iohub-channels.zarr", expected="third")
    with open_ome_zarr(folder / "iohub-plate.zarr", layout="hcs", mode="w", channel_names=["R", "G", "B"]) as plate:
        for row, column, place in (("A", "1", "0"), ("A", "1", "1"), ("B", "2", "0")):
            plate.create_position(row, column, place)["0"] = values
    yield Written("iohub-plate.zarr", scenes=3)


def _acquire(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    import acquire_zarr as aqz

    height, width, _ = picture.shape
    kinds = aqz.DimensionType

    def axis(name: str, kind: Any, length: int, chunk: int, shard: int) -> Any:
        return aqz.Dimension(name=name, kind=kind, array_size_px=length, chunk_size_px=chunk, shard_size_chunks=shard)

    axes = [axis("t", kinds.TIME, 0, 1, 1), axis("c", kinds.CHANNEL, 3, 1, 3),
            axis("y", kinds.SPACE, height, height // 2, 2), axis("x", kinds.SPACE, width, width // 2, 2)]  # fmt: skip
    packed = aqz.CompressionSettings(
        compressor=aqz.Compressor.BLOSC1, codec=aqz.CompressionCodec.BLOSC_ZSTD, level=9, shuffle=1
    )
    pyramid = {"downsampling_method": aqz.DownsamplingMethod.MEAN}
    for name, further in (
        ("acquire-one-level.zarr", {}),
        ("acquire-named.zarr", {"output_key": "photograph"}),
        ("acquire-pyramid.zarr", pyramid),
    ):
        settings: dict[str, Any] = further
        array = aqz.ArraySettings(dimensions=axes, data_type=np.uint8, compression=packed, **settings)
        stream = aqz.ZarrStream(aqz.StreamSettings(arrays=[array], store_path=str(folder / name), overwrite=True))
        stream.append(planes(picture)[None])
        stream.close()
        yield Written(name)


def _tensorstore(folder: Path, picture: NDArray[np.uint8]) -> Iterator[Written]:
    import tensorstore

    packed = [{"name": "bytes"}, {"name": "zstd", "configuration": {"level": 9}}]
    for name, values, names in (
        ("tensorstore-yxc.zarr", picture, ["y", "x", "c"]),
        ("tensorstore-cyx.zarr", planes(picture), ["c", "y", "x"]),
    ):
        where = {"driver": "file", "path": str(folder / name)}
        spec = {"driver": "zarr3", "kvstore": where, "metadata": {"dimension_names": names, "codecs": packed}}
        opened = tensorstore.open(
            spec, create=True, delete_existing=True, dtype=tensorstore.uint8, shape=values.shape
        ).result()
        opened[...] = values
        yield Written(name)


WRITERS = (
    Writer("ome-zarr", _ome_zarr),
    Writer("ngff-zarr", _ngff_zarr),
    Writer("bioio-ome-zarr", _bioio),
    Writer("iohub", _iohub),
    Writer("acquire-zarr", _acquire),
    Writer("tensorstore", _tensorstore),
)
