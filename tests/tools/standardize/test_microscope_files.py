from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.standardize.microscope_files import is_ome_tiff, is_ome_zarr, read_ome_tiff, read_ome_zarr

tifffile = pytest.importorskip("tifffile")
zarr = pytest.importorskip("zarr")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def test_an_rgb_ome_tiff(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, RGB, photometric="rgb", metadata={"axes": "YXS"})
    assert is_ome_tiff(path)
    np.testing.assert_array_equal(read_ome_tiff(path), RGB)


def test_channels_planes_and_times(tmp_path: Path) -> None:
    stack = np.zeros((2, 5, 3, 40, 60), np.uint8)  # TZCYX
    stack[0, 2] = np.moveaxis(RGB, 2, 0)
    tifffile.imwrite(tmp_path / "a.ome.tif", stack, metadata={"axes": "TZCYX"}, photometric="minisblack")
    np.testing.assert_array_equal(read_ome_tiff(tmp_path / "a.ome.tif"), RGB)


def test_twelve_bits_use_the_whole_range(tmp_path: Path) -> None:
    grey = (RGB[..., 0].astype(np.uint16) << 4) | 15
    grey[0, 0] = 4095
    tifffile.imwrite(tmp_path / "a.ome.tif", grey, metadata={"axes": "YX"})
    read = read_ome_tiff(tmp_path / "a.ome.tif")
    np.testing.assert_array_equal(read[1:], RGB[1:, :, :1].repeat(3, axis=2))


def a_zarr(path: Path, values: np.ndarray, axes: str, version: int) -> Path:
    axes_of = [{"name": axis, "type": "space" if axis in "zyx" else "channel"} for axis in axes]
    scales = [{"name": "image", "axes": axes_of, "datasets": [{"path": "0"}, {"path": "1"}]}]
    group = zarr.open_group(path, mode="w", zarr_format=version)
    group.create_array("0", data=values)
    group.create_array("1", data=values[..., ::2, ::2])
    group.attrs.update({"multiscales": scales} if version == 2 else {"ome": {"version": "0.5", "multiscales": scales}})
    return path


@pytest.mark.parametrize("version", [2, 3])
def test_an_ome_zarr(tmp_path: Path, version: int) -> None:
    path = a_zarr(tmp_path / "a.zarr", np.moveaxis(RGB, 2, 0)[:, None], "czyx", version)
    assert is_ome_zarr(path)
    np.testing.assert_array_equal(read_ome_zarr(path), RGB)


@pytest.mark.parametrize("values", [np.zeros((5, 40, 60), np.uint8), np.zeros((3, 40, 60), np.float32)])
def test_other_kinds_of_images_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    with pytest.raises(ImageError):
        read_ome_zarr(a_zarr(tmp_path / "a.zarr", values, "cyx", 3))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.ome.tif"
    tifffile.imwrite(path, RGB, photometric="rgb", metadata={"axes": "YXS"})
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(ImageError, match="damaged"):
        read_ome_tiff(path)
    bare = tmp_path / "bare.zarr"
    zarr.open_group(bare, mode="w")
    with pytest.raises(ImageError, match="without OME"):
        read_ome_zarr(bare)
    whole = a_zarr(tmp_path / "b.zarr", np.moveaxis(RGB, 2, 0), "cyx", 3)
    next(path for path in whole.glob("0/c/**/*") if path.is_file()).write_bytes(b"no chunk")
    with pytest.raises(ImageError, match="damaged"):
        read_ome_zarr(whole)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("0", shape=(3, 200_000, 200_000), chunks=(3, 1000, 1000), dtype="uint8", fill_value=1)
    group.attrs.update({"ome": {"multiscales": [{"axes": list("cyx"), "datasets": [{"path": "0"}]}]}})
    with pytest.raises(ImageError, match="at most"):
        read_ome_zarr(tmp_path / "a.zarr")
