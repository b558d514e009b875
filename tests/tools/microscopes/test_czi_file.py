from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes import czi_file
from lsl_tools.microscopes.read import photograph_size, read_photograph, scenes_of

czi = pytest.importorskip("pylibCZIrw.czi")
FILES = Path(__file__).parent / "files"
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def a_czi(
    path: Path, parts: dict[tuple[int, int], NDArray[Any]], names: dict[int, str] | None = None, scale: float = 0.0
) -> Path:
    """Parts by scene and channel."""
    with czi.create_czi(str(path), compression_options="zstd1:ExplicitLevel=3") as document:
        for (scene, channel), values in parts.items():
            document.write(values, plane={"C": channel}, scene=scene, location=(scene * 100, scene * 50))
        document.write_metadata("photograph", channel_names=names, scale_x=scale, scale_y=scale)
    return path


def test_blue_first_becomes_red_first(tmp_path: Path) -> None:
    path = a_czi(tmp_path / "a.czi", {(0, 0): np.ascontiguousarray(RGB[..., ::-1])})
    np.testing.assert_array_equal(read_photograph(path).pixels, RGB)
    assert (scenes_of(path), photograph_size(path)) == (("",), (40, 60))


def test_scenes_of_different_sizes(tmp_path: Path) -> None:
    path = a_czi(tmp_path / "a.czi", {(0, 0): RGB[..., :1], (1, 0): RGB[:30, :50, 1:2], (2, 0): RGB[..., 2:]})
    assert scenes_of(path) == ("1", "2", "3")
    assert photograph_size(tmp_path / "a.czi#2") == (30, 50)
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.czi#2").pixels[..., 0], RGB[:30, :50, 1])
    with pytest.raises(ImageError, match="has no scene '4'; its scenes: 1, 2, 3"):
        read_photograph(tmp_path / "a.czi#4")


def test_a_channel_in_colour_beside_one_in_grey(tmp_path: Path) -> None:
    parts: dict[tuple[int, int], NDArray[Any]] = {
        (0, 0): np.ascontiguousarray(RGB[..., ::-1]),
        (0, 1): RGB[..., :1].astype(np.uint16) * 16,
    }
    path = a_czi(tmp_path / "a.czi", parts, {0: "Camera", 1: "GFP"})
    np.testing.assert_array_equal(read_photograph(path, "camera").pixels, RGB)
    grey = read_photograph(path, "GFP")
    assert grey.remarks == ("16 bits of which at most 12 are used: 4095 becomes white",)
    with pytest.raises(ImageError, match=r"2 channels \(Camera, GFP\)"):
        read_photograph(path)


@pytest.mark.parametrize(("scale", "expected"), [(0.65e-6, 0.65), (0.65, 0.65), (0.0, None)])
def test_the_size_of_a_pixel(tmp_path: Path, scale: float, expected: float | None) -> None:
    """pylibCZIrw calls what it writes µm, and ZEN takes it for metres."""
    read = read_photograph(a_czi(tmp_path / "a.czi", {(0, 0): RGB}, scale=scale))
    assert read.pixel_size == (None if expected is None else pytest.approx((expected, expected)))
    assert any("taken as µm" in remark for remark in read.remarks) == (scale == 0.65)


def test_colours_that_the_library_reads_wrong_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(czi_file, "version", lambda _: "6.1.0")
    with pytest.raises(ImageError, match=r"pylibCZIrw 6.1.0 reads wrong: pip install 'pylibCZIrw<5.1'"):
        read_photograph(FILES / "bgr48-zstd1-split.czi")
    for name in ("bgr48-zstd1.czi", "bgr24-zstd1.czi"):
        read_photograph(FILES / name)


@pytest.mark.parametrize("content", [b"", b"ZISRAWFILE", b"ZISRAWFILE" + bytes(600)])
def test_damaged_files(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "a.czi").write_bytes(content)
    with pytest.raises(ImageError, match=r"is damaged, or a CZI of a kind that cannot be read.*: save it as OME-TIFF"):
        read_photograph(tmp_path / "a.czi")


def test_a_file_that_is_cut_off(tmp_path: Path) -> None:
    whole = (FILES / "bgr24.czi").read_bytes()
    for length in range(0, len(whole), 997):
        (tmp_path / "a.czi").write_bytes(whole[:length])
        with pytest.raises(ImageError):
            read_photograph(tmp_path / "a.czi")


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pylibCZIrw", None)
    with pytest.raises(ImageError, match=r"a CZI, which needs pylibCZIrw: pip install 'lsl-toolkit\[czi\]'"):
        read_photograph(FILES / "bgr24.czi")
