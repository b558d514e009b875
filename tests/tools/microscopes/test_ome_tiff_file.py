from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.ome_xml import read_ome_xml
from lsl_tools.microscopes.read import photograph_size, read_photograph, scenes_of

tifffile = pytest.importorskip("tifffile")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
CYX = np.ascontiguousarray(np.moveaxis(RGB, 2, 0))


def write(path: Path, *images: tuple[Any, dict[str, Any]]) -> Path:
    with tifffile.TiffWriter(path, ome=True) as file:
        for values, metadata in images:
            photometric = "rgb" if metadata["axes"].endswith("S") else "minisblack"
            file.write(values, photometric=photometric, metadata=metadata)
    return path


def test_an_image_alone_is_read_as_any_tiff(tmp_path: Path) -> None:
    size = {"PhysicalSizeX": 0.5, "PhysicalSizeXUnit": "µm", "PhysicalSizeY": 650, "PhysicalSizeYUnit": "nm"}
    path = write(tmp_path / "a.ome.tif", (RGB, {"axes": "YXS", **size}))
    assert scenes_of(path) == ("",)
    read = read_photograph(path)
    np.testing.assert_array_equal(read.pixels, RGB)
    assert read.pixel_size == pytest.approx((0.65, 0.5))


def test_several_images_are_photographs(tmp_path: Path) -> None:
    stack = np.zeros((2, 5, 3, 40, 60), np.uint8)
    stack[0, 2] = CYX
    path = write(
        tmp_path / "a.ome.tif",
        (RGB, {"axes": "YXS", "Name": "slide"}),
        (CYX[0], {"axes": "YX", "Name": "label"}),
        (stack, {"axes": "TZCYX", "Name": "label"}),
    )
    assert scenes_of(path) == ("slide", "label-2", "label-3")
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.ome.tif#slide").pixels, RGB)
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.ome.tif#label-2").pixels[..., 0], CYX[0])
    read = read_photograph(tmp_path / "a.ome.tif#label-3")
    np.testing.assert_array_equal(read.pixels, RGB)
    assert set(read.remarks) == {"5 planes: the middle one is taken", "2 times: the first is taken"}
    assert photograph_size(tmp_path / "a.ome.tif#label-2") == (40, 60)


def test_the_name_does_not_decide(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ome.tif", (RGB, {"axes": "YXS"}), (RGB[::-1], {"axes": "YXS"})).rename(
        tmp_path / "a.tif"
    )
    assert scenes_of(path) == ("Image0", "Image1")


def test_channels_are_chosen_by_name(tmp_path: Path) -> None:
    names = {"axes": "CYX", "Channel": {"Name": ["DAPI", "GFP", "RFP", "TL"]}}
    path = write(tmp_path / "a.ome.tif", (np.concatenate([CYX, CYX[:1]]), names))
    with pytest.raises(ImageError, match=r"4 channels \(DAPI, GFP, RFP, TL\): choose one with --channel"):
        read_photograph(path)
    np.testing.assert_array_equal(read_photograph(path, "GFP").pixels[..., 0], CYX[1])
    two = write(tmp_path / "b.ome.tif", (CYX[:2], {"axes": "CYX", "Channel": {"Name": ["TL", "TL"]}}))
    np.testing.assert_array_equal(read_photograph(two, "TL 2").pixels[..., 0], CYX[1])


def test_the_first_level_of_a_pyramid(tmp_path: Path) -> None:
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        for name in ("first", "second"):
            file.write(RGB, photometric="rgb", subifds=1, metadata={"axes": "YXS", "Name": name})
            file.write(RGB[::2, ::2], photometric="rgb", subfiletype=1)
    for name in ("first", "second"):
        np.testing.assert_array_equal(read_photograph(tmp_path / f"a.ome.tif#{name}").pixels, RGB)


def test_pixels_in_other_files_are_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.ome.tif", (RGB, {"axes": "YXS"}), (RGB, {"axes": "YXS"}))
    described = tifffile.tiffcomment(path)
    parts = described.replace(
        "<TiffData ", '<TiffData><UUID FileName="../other.tif">urn:uuid:1</UUID></TiffData><TiffData ', 1
    )
    parts = parts.replace(
        "<TiffData ", '<TiffData><UUID FileName="a.ome.tif">urn:uuid:2</UUID></TiffData><TiffData ', 1
    )
    tifffile.tiffcomment(path, parts.encode())
    for scene in ("", "#1"):
        with pytest.raises(ImageError, match="one of several files"):
            read_photograph(tmp_path / f"a.ome.tif{scene}")


@pytest.mark.parametrize(
    "described", [b"<OME", b"<OME/>", b'<?xml version="1.0" encoding="UT-9"?><OME></OME>', b"<OME><Image/></OME>"]
)
def test_odd_descriptions_do_no_harm(tmp_path: Path, described: bytes) -> None:
    tifffile.imwrite(tmp_path / "a.tif", RGB, photometric="rgb", description=described, metadata=None)
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.tif").pixels, RGB)


def test_entities_are_not_expanded() -> None:
    bomb = b'<!DOCTYPE a [<!ENTITY b "bb">]><OME><Image Name="&b;"/></OME>'
    with pytest.raises(ImageError, match="entities"):
        read_ome_xml(bomb)


def test_without_tifffile_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "a.ome.tif", (RGB, {"axes": "YXS"}), (RGB, {"axes": "YXS"}))
    monkeypatch.setitem(__import__("sys").modules, "tifffile", None)
    with pytest.raises(ImageError, match=r"needs tifffile: pip install 'lsl-toolkit\[microscopy\]'"):
        read_photograph(path)
