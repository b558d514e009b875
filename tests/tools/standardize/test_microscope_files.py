from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_shared.errors import ImageError
from lsl_tools.standardize.microscope_files import is_ome_zarr, read_ome_zarr

zarr = pytest.importorskip("zarr")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


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
    np.testing.assert_array_equal(read_ome_zarr(path).pixels, RGB)


@pytest.mark.parametrize("values", [np.zeros((5, 40, 60), np.uint8), np.zeros((3, 40, 60), np.float32)])
def test_other_kinds_of_images_are_refused(tmp_path: Path, values: np.ndarray) -> None:
    with pytest.raises(ImageError):
        read_ome_zarr(a_zarr(tmp_path / "a.zarr", values, "cyx", 3))


def test_damaged_files_are_refused(tmp_path: Path) -> None:
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
