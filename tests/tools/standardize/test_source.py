from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lsl_shared.errors import DataFileError, ImageError
from lsl_tools.microscopes.read import read_photograph
from lsl_tools.standardize.source import list_photographs

PICTURE = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)


def save(path: Path, picture: np.ndarray = PICTURE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(cv2.imencode(path.suffix, picture)[1].tobytes())
    return path


def a_zarr(path: Path) -> Path:
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(path, mode="w")
    group.create_array("0", data=np.moveaxis(PICTURE, 2, 0))
    group.attrs.update({"ome": {"multiscales": [{"axes": list("cyx"), "datasets": [{"path": "0"}]}]}})
    return path


def sources(*path: object) -> list[str]:
    return [sample.source for sample in list_photographs(*path).samples]  # type: ignore[arg-type]


def test_a_folder_a_table_and_one_picture(tmp_path: Path) -> None:
    save(tmp_path / "a" / "1.png")
    save(tmp_path / "a" / "2.jpg")
    (tmp_path / "a" / "labels.csv").write_text("file,gene\n2.jpg,Dl\n")
    assert sources(tmp_path / "a") == ["1.png", "2.jpg"]
    assert sources(tmp_path / "a" / "labels.csv") == ["2.jpg"]
    assert sources(tmp_path / "a" / "1.png") == ["1.png"]
    assert list_photographs(tmp_path / "a", labels="labels.csv").samples[0].gene == "Dl"
    with pytest.raises(DataFileError):
        list_photographs(tmp_path / "absent")


def test_ome_zarr_is_one_photograph_of_many_files(tmp_path: Path) -> None:
    a_zarr(tmp_path / "a" / "plate" / "one.ome.zarr")
    assert sources(tmp_path / "a") == ["plate/one.ome.zarr"]
    assert sources(tmp_path / "a" / "plate" / "one.ome.zarr") == ["one.ome.zarr"]
    save(tmp_path / "a" / "plate" / "two.png")
    assert sources(tmp_path / "a") == ["plate/one.ome.zarr", "plate/two.png"]
    read = read_photograph(tmp_path / "a" / "plate" / "one.ome.zarr")
    np.testing.assert_array_equal(read.pixels, PICTURE)


def test_pictures_are_read_by_their_content(tmp_path: Path) -> None:
    np.testing.assert_array_equal(read_photograph(save(tmp_path / "a.png")).pixels, PICTURE[..., ::-1])
    twelve = np.round(PICTURE * (4095 / 255)).astype(np.uint16)
    read = read_photograph(save(tmp_path / "a.tif", twelve))
    np.testing.assert_array_equal(read.pixels, PICTURE[..., ::-1])
    assert "at most 12 are used" in read.remarks[0]
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(ImageError):
        read_photograph(tmp_path / "b.png")


def test_an_ome_tiff(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    tifffile.imwrite(tmp_path / "a.ome.tif", PICTURE, photometric="rgb", metadata={"axes": "YXS"})
    assert sources(tmp_path) == ["a.ome.tif"]
    np.testing.assert_array_equal(read_photograph(tmp_path / "a.ome.tif").pixels, PICTURE)
