from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.read import photograph_size, read_photograph, scenes_of
from tests.support.microscopes import LifImage, write_lif

pytest.importorskip("liffile")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
BLUE_FIRST = np.ascontiguousarray(RGB[..., ::-1])
CYX = np.ascontiguousarray(np.moveaxis(RGB, 2, 0))


def test_a_colour_camera(tmp_path: Path) -> None:
    path = write_lif(tmp_path / "a.lif", [LifImage("Image 1", BLUE_FIRST, "YXS", pixel=0.65e-6)])
    read = read_photograph(path)
    np.testing.assert_array_equal(read.pixels, RGB)
    assert read.pixel_size == pytest.approx((0.65, 0.65))
    assert (scenes_of(path), photograph_size(path)) == (("",), (40, 60))


def test_images_in_folders_and_of_one_name(tmp_path: Path) -> None:
    named = {"Series001": CYX[0], "Slide/Image 2.png": CYX[0]}
    images = [LifImage(name, values, "YX") for name, values in named.items()]
    images += [LifImage("x", values, "YX") for values in CYX[1:]]
    path = write_lif(tmp_path / "a.lif", images)
    assert scenes_of(path) == ("Series001", "Slide/Image 2.png", "x-3", "x-4")
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.lif#Slide/Image 2.png").pixels[..., 0], CYX[0])
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.lif#x-4").pixels[..., 1], CYX[2])


def test_tiles_of_a_mosaic_are_photographs(tmp_path: Path) -> None:
    path = write_lif(tmp_path / "a.lif", [LifImage("Mosaic", CYX, "MYX")])
    assert scenes_of(path) == ("Mosaic/1", "Mosaic/2", "Mosaic/3")
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.lif#Mosaic/3").pixels[..., 0], CYX[2])


def test_channels_of_dyes_and_of_a_camera(tmp_path: Path) -> None:
    path = write_lif(tmp_path / "a.lif", [LifImage("a", CYX, "CYX", channels=("DAPI", "GFP", "TL"))])
    with pytest.raises(ImageError, match=r"3 channels \(DAPI, GFP, TL\): choose one with --channel"):
        read_photograph(path)
    np.testing.assert_array_equal(read_photograph(path, "TL").pixels[..., 0], CYX[2])
    shown = write_lif(tmp_path / "b.lif", [LifImage("a", CYX, "CYX")])  # three grey channels
    with pytest.raises(ImageError, match=r"3 channels \('Gray 1', 'Gray 2', 'Gray 3'\)"):
        read_photograph(shown)
    camera = write_lif(tmp_path / "c.lif", [LifImage("a", np.ascontiguousarray(CYX[[2, 0, 1]]), "CYX", tags=(3, 1, 2))])
    np.testing.assert_array_equal(read_photograph(camera).pixels, RGB)


def test_planes_times_and_twelve_bits(tmp_path: Path) -> None:
    stack = np.zeros((2, 5, 40, 60), np.uint16)
    stack[0, 2] = CYX[0].astype(np.uint16) * 16
    read = read_photograph(write_lif(tmp_path / "a.lif", [LifImage("a", stack, "TZYX", bits=12)]))
    assert set(read.remarks) == {"2 times: the first is taken", "5 planes: the middle one is taken"}
    np.testing.assert_array_equal(read.pixels[..., 0], np.round(CYX[0].astype(int) * 16 * (255 / 4095)))


def test_damaged_files(tmp_path: Path) -> None:
    whole = write_lif(tmp_path / "a.lif", [LifImage("Image 1", BLUE_FIRST, "YXS")]).read_bytes()
    for length in range(0, len(whole), 311):
        (tmp_path / "a.lif").write_bytes(whole[:length])
        with pytest.raises(ImageError, match=r"is damaged, or a LIF|without a picture"):
            read_photograph(tmp_path / "a.lif")


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    path = write_lif(tmp_path / "a.lif", [LifImage("a", CYX[0], "YX")])
    path.write_bytes(
        path.read_bytes().replace(
            'NumberOfElements="60"'.encode("utf-16-le"), 'NumberOfElements="99"'.encode("utf-16-le")
        )
    )
    with pytest.raises(ImageError):
        read_photograph(path)


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_lif(tmp_path / "a.lif", [LifImage("a", CYX[0], "YX")])
    monkeypatch.setitem(__import__("sys").modules, "liffile", None)
    with pytest.raises(ImageError, match=r"a LIF, which needs liffile: pip install 'lsl-toolkit\[lif\]'"):
        read_photograph(path)
