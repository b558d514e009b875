from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.read import photograph_size, read_photograph, scenes_of
from tests.support.microscopes import write_nd2

pytest.importorskip("nd2")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
BLUE_FIRST = np.ascontiguousarray(RGB[..., ::-1])


@pytest.mark.parametrize("packed", [False, True])
def test_a_colour_camera(tmp_path: Path, packed: bool) -> None:
    path = write_nd2(tmp_path / "a.nd2", BLUE_FIRST[None], pixel=0.65, packed=packed)
    read = read_photograph(path)
    np.testing.assert_array_equal(read.pixels, RGB)
    assert read.pixel_size == pytest.approx((0.65, 0.65))
    assert (scenes_of(path), photograph_size(path)) == (("",), (40, 60))


def test_positions_are_photographs(tmp_path: Path) -> None:
    frames = np.stack([BLUE_FIRST[::-1], BLUE_FIRST, BLUE_FIRST[:, ::-1]])
    path = write_nd2(tmp_path / "a.nd2", frames, positions=("A1", "", "A1"))
    assert scenes_of(path) == ("A1-1", "2", "A1-3")
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.nd2#2").pixels, RGB)
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.nd2#A1-3").pixels, RGB[:, ::-1])


def test_planes_of_positions(tmp_path: Path) -> None:
    frames = np.zeros((6, 40, 60, 1), np.uint8)
    frames[4, ..., 0] = RGB[..., 0]  # second position, middle plane
    write_nd2(tmp_path / "a.nd2", frames, positions=("A1", "B2"), planes=3)
    read = read_photograph(tmp_path / "a.nd2#B2")
    np.testing.assert_array_equal(read.pixels[..., 0], RGB[..., 0])
    assert read.remarks[0] == "3 planes: the middle one is taken"
    assert "if they are red, green and blue" in read.remarks[1]


def test_channels_are_chosen_by_name(tmp_path: Path) -> None:
    path = write_nd2(tmp_path / "a.nd2", RGB[None].astype(np.uint16) * 16, channels=("DAPI", "GFP", "BF"), bits=12)
    with pytest.raises(ImageError, match=r"3 channels \(DAPI, GFP, BF\): choose one with --channel"):
        read_photograph(path)
    np.testing.assert_array_equal(
        read_photograph(path, "bf").pixels[..., 0], np.round(RGB[..., 2].astype(int) * 16 * (255 / 4095))
    )


def test_damaged_files(tmp_path: Path) -> None:
    whole = write_nd2(tmp_path / "a.nd2", BLUE_FIRST[None]).read_bytes()
    for length in range(0, len(whole), 811):
        (tmp_path / "a.nd2").write_bytes(whole[:length])
        with pytest.raises(ImageError, match="is damaged, or an ND2 of a kind that cannot be read"):
            read_photograph(tmp_path / "a.nd2")


def test_without_the_library_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_nd2(tmp_path / "a.nd2", BLUE_FIRST[None])
    monkeypatch.setitem(__import__("sys").modules, "nd2", None)
    with pytest.raises(ImageError, match=r"an ND2, which needs nd2: pip install 'lsl-toolkit\[nd2\]'"):
        read_photograph(path)
