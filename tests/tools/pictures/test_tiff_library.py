from __future__ import annotations

import io
import sys
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.pictures.read_image import decode_image

tifffile = pytest.importorskip("tifffile")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
PLANES = np.ascontiguousarray(np.moveaxis(RGB, 2, 0))


def written(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def ome(pixels: np.ndarray, axes: str, **options: Any) -> bytes:
    metadata = {"axes": axes, **options.pop("metadata", {})}
    return written(pixels, ome=True, metadata=metadata, photometric="minisblack", **options)


def fiji(pixels: np.ndarray, axes: str, **metadata: Any) -> bytes:
    return written(pixels, imagej=True, metadata={"axes": axes, **metadata})


def test_an_rgb_ome_tiff() -> None:
    found = decode_image(written(RGB, ome=True, photometric="rgb", metadata={"axes": "YXS"}))
    np.testing.assert_array_equal(found.pixels, RGB)
    assert found.remarks == ()


def test_channels_planes_and_times() -> None:
    stack = np.zeros((2, 5, 3, 40, 60), np.uint8)  # TZCYX
    stack[0, 2] = PLANES
    found = decode_image(ome(stack, "TZCYX"))
    np.testing.assert_array_equal(found.pixels, RGB)
    taken = ("2 times: the first is taken", "5 planes: the middle one is taken")
    assert found.remarks == (*taken, "three channels, taken as red, green and blue")


def test_twelve_bits_use_the_whole_range() -> None:
    grey = np.round(RGB[..., 0] * (4095 / 255)).astype(np.uint16)
    grey[0, 0] = 4095
    found = decode_image(ome(np.stack([grey] * 2), "ZYX"))
    np.testing.assert_array_equal(found.pixels[1:], RGB[1:, :, :1].repeat(3, axis=2))


COMPOSITES: dict[str, Callable[[], bytes]] = {
    "OME CYX": lambda: ome(PLANES, "CYX"),
    "OME CYX packed": lambda: ome(PLANES, "CYX", compression="zstd"),
    "OME CYX of 16 bits": lambda: ome(PLANES.astype(np.uint16) * 257, "CYX"),
    "OME TCZYX": lambda: ome(PLANES[None, :, None], "TCZYX"),
    "Fiji composite": lambda: fiji(PLANES, "CYX", mode="composite"),
    "Fiji colour": lambda: fiji(PLANES, "CYX", mode="color"),
    "Fiji composite of 16 bits": lambda: fiji(PLANES.astype(np.uint16) * 257, "CYX", mode="composite"),
    "Fiji hyperstack of one time": lambda: fiji(PLANES[None], "TCYX", mode="composite"),
    "tifffile CYX": lambda: written(PLANES, metadata={"axes": "CYX"}, photometric="minisblack"),
    "white is 0": lambda: written(255 - PLANES, metadata={"axes": "CYX"}, photometric="miniswhite"),
}


@pytest.mark.parametrize("name", COMPOSITES)
def test_three_colours_in_three_pages_are_one_picture(name: str) -> None:
    found = decode_image(COMPOSITES[name]())
    np.testing.assert_array_equal(found.pixels, RGB)
    assert found.remarks == ("three pages, taken as red, green and blue",)


@pytest.mark.parametrize("name", ["OME CYX", "Fiji composite", "tifffile CYX", "Fiji composite of 16 bits"])
def test_three_pages_need_no_tifffile(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = COMPOSITES[name]()
    monkeypatch.setitem(sys.modules, "tifffile", None)
    np.testing.assert_array_equal(decode_image(data).pixels, RGB)


def test_pages_that_imagej_writes_behind_one_directory() -> None:
    found = decode_image(written(PLANES, imagej=True, truncate=True, metadata={"axes": "CYX", "mode": "composite"}))
    np.testing.assert_array_equal(found.pixels, RGB)
    assert found.remarks == ("three channels, taken as red, green and blue",)
    planes = written(np.stack([PLANES[0]] * 5), imagej=True, truncate=True, metadata={"axes": "ZYX"})
    assert decode_image(planes).remarks == ("several pages: the first is taken",)


def test_a_composite_of_several_times_gives_the_first() -> None:
    stack = np.stack([PLANES, 255 - PLANES])  # TCYX
    found = decode_image(fiji(stack, "TCYX", mode="composite"))
    np.testing.assert_array_equal(found.pixels, RGB)
    assert found.remarks == ("several pages: the first three are taken, as red, green and blue",)


def table(*colour: int) -> np.ndarray:
    """ImageJ's table from black to a colour."""
    return np.stack([np.arange(256) * channel // 255 for channel in colour]).astype(np.uint8)


def test_channels_are_sorted_by_the_colours_that_are_stated() -> None:
    colours = [table(0, 0, 255), table(255, 0, 0), table(0, 255, 0)]
    found = decode_image(fiji(PLANES[[2, 0, 1]], "CYX", mode="composite", LUTs=colours))
    np.testing.assert_array_equal(found.pixels, RGB)
    stated = {"Channel": {"Color": [0x0000FFFF, 0xFF0000FF - 2**32, 0x00FF00FF]}}
    found = decode_image(ome(PLANES[[2, 0, 1]], "CYX", metadata=stated))
    np.testing.assert_array_equal(found.pixels, RGB)


def test_channels_of_other_colours_are_told() -> None:
    colours = [table(255, 0, 255), table(0, 255, 0), table(255, 255, 0)]
    found = decode_image(fiji(PLANES, "CYX", mode="composite", LUTs=colours))
    np.testing.assert_array_equal(found.pixels, RGB)
    assert "other colours than red, green and blue" in found.remarks[0]


@pytest.mark.parametrize("count", [2, 4, 5])
def test_other_numbers_of_channels(count: int) -> None:
    channels = np.stack([RGB[..., 0]] * count)
    found = decode_image(fiji(channels, "CYX", mode="composite"))
    assert found.remarks == ("several pages: the first is taken",)
    if count != 4:
        with pytest.raises(ImageError, match=f"has {count} channels"):
            decode_image(ome(channels, "CYX"))


def test_axes_that_were_not_named() -> None:
    """A colour photograph (Y, X, 3) that bioio wrote as Z, Y, X."""
    found = decode_image(ome(RGB, "ZYX"))
    np.testing.assert_array_equal(found.pixels, RGB)
    assert "taken as Y, X and colour" in found.remarks[0]
    assert "3 planes: the middle one" in decode_image(ome(PLANES, "ZYX")).remarks[0]


def pages(*pictures: tuple[np.ndarray, int], **options: Any) -> bytes:
    """A TIFF of pictures, each with its NewSubfileType."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream) as writer:
        for pixels, kind in pictures:
            colour = "rgb" if pixels.ndim == 3 else "minisblack"
            writer.write(pixels, subfiletype=kind, photometric=colour, metadata=None, **options)
    return stream.getvalue()


@pytest.mark.parametrize("packing", [None, "lzw", "jpeg2000", "zstd"])
def test_a_thumbnail_before_the_picture_is_passed_over(packing: str | None) -> None:
    found = decode_image(pages((RGB[::4, ::4], 1), (RGB, 0), compression=packing))
    np.testing.assert_array_equal(found.pixels, RGB)
    assert found.remarks == ()


def test_reduced_pages_after_the_picture_are_not_counted() -> None:
    assert decode_image(pages((RGB, 0), (RGB[::2, ::2], 1), (RGB[::4, ::4], 1))).remarks == ()
    assert decode_image(pages((RGB, 0), (RGB, 0))).remarks == ("several pages: the first is taken",)
    assert decode_image(pages((RGB, 1))).pixels.shape == RGB.shape  # the only page


PACKED = ["jpeg2000", "jpegxl", "png", "zstd", "lerc", "lzma", "webp", "jpegxr"]


@pytest.mark.parametrize("packing", PACKED)
def test_what_opencv_cannot_unpack_is_unpacked(packing: str) -> None:
    pytest.importorskip("imagecodecs")
    options = {"compressionargs": {"level": 100, "lossless": True}} if packing == "webp" else {}
    data = written(RGB, photometric="rgb", compression=packing, **options)
    assert np.abs(decode_image(data).pixels.astype(int) - RGB).max() <= (60 if packing == "jpegxr" else 0)


@pytest.mark.parametrize(
    ("packing", "named"), [*zip(PACKED[:6], ["JPEG 2000", "JPEG XL", "PNG", "Zstandard", "LERC", "LZMA"], strict=True)]
)
def test_or_it_is_refused_by_name(packing: str, named: str, monkeypatch: pytest.MonkeyPatch) -> None:
    data = written(RGB, photometric="rgb", compression=packing)
    monkeypatch.setitem(sys.modules, "tifffile", None)
    with pytest.raises(ImageError, match=rf"packed with {named}, .*pip install 'lsl-toolkit\[microscopy\]'"):
        decode_image(data)


def test_several_files_and_damage_are_refused() -> None:
    described = ome(PLANES, "CYX").replace(b'SizeC="3" SizeZ="1"', b'SizeC="9" SizeZ="1"')
    with pytest.raises(ImageError, match="one of several files"):
        decode_image(described)
    with pytest.raises(ImageError, match="damaged"):
        decode_image(damaged())


def damaged() -> bytes:
    """A packed TIFF whose data begin with zeros."""
    data = bytearray(written(RGB, photometric="rgb", compression="zstd"))
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        start = file.pages[0].dataoffsets[0]
    data[start : start + 20] = bytes(20)
    return bytes(data)


@pytest.mark.parametrize(
    ("pixels", "options", "told"),
    [
        (RGB, {"photometric": "cielab"}, "CIE Lab"),
        (RGB.astype(np.uint16), {"photometric": "cielab"}, "CIE Lab"),
        (RGB, {"photometric": "icclab"}, "ICC Lab"),
        (RGB.astype(np.int16), {"photometric": "rgb"}, "int16 pixels"),
        (RGB.astype(np.uint32), {"photometric": "rgb"}, "uint32 pixels"),
        (RGB.astype(np.float16), {"photometric": "rgb"}, "float16 pixels"),
        (RGB, {"photometric": "ycbcr", "compression": "zstd"}, "YCbCr"),
        (np.dstack([RGB, RGB]), {"photometric": "rgb", "extrasamples": [0, 0, 0]}, "has 6 channels"),
        (RGB, {"photometric": "minisblack", "planarconfig": "contig"}, "has 3 channels"),
    ],
)
def test_colours_that_are_refused(pixels: np.ndarray, options: dict[str, Any], told: str) -> None:
    with pytest.raises(ImageError, match=told):
        decode_image(written(pixels, **options))


def test_tifffile_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ImageError):
        decode_image(damaged())
    assert capfd.readouterr() == ("", "")
