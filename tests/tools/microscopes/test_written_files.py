"""Files that the field's own writers made (see files/written.json), through `standardize` and `import`.

tools/bench/microscopes.py made them, and makes them again with newer writers.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared.files.store import Store
from lsl_tools import import_images, standardize_images
from lsl_tools.microscopes.read import read_photograph, scenes_of

FILES = Path(__file__).parent / "files"
WRITTEN: dict[str, dict[str, Any]] = json.loads((FILES / "written.json").read_text(encoding="utf-8"))
LIBRARIES = {".czi": "pylibCZIrw", ".zarr": "zarr", ".tif": "tifffile"}


def photograph() -> NDArray[np.uint8]:
    """What all files are of: see tools/bench/microscope_writers/written.py."""
    return read_photograph(FILES / "tifffile-yxs.ome.tif").pixels


def png(path: Path, said: dict[str, Any]) -> Path:
    picture = photograph()
    shown = picture[..., 2:].repeat(3, axis=2) if said["expected"] == "third" else picture
    cv2.imwrite(str(path), shown[..., ::-1])
    return path


def images(store: Path) -> NDArray[np.uint8]:
    with Store(store) as opened:
        return opened.read(0, len(opened))


def channel(said: dict[str, Any]) -> str:
    return "Brightfield" if said["expected"] == "third" else ""


@pytest.fixture(params=sorted(WRITTEN))
def name(request: pytest.FixtureRequest) -> str:
    file = str(request.param)
    pytest.importorskip(LIBRARIES[Path(file).suffix])
    return file


def test_the_photograph_is_the_one_that_was_drawn() -> None:
    pytest.importorskip("tifffile")
    picture = photograph()
    assert picture.shape == (48, 80, 3)
    assert picture[0, 0].tolist() == [236, 238, 232]
    assert picture[24, 60].tolist() == [176, 150, 118]
    assert picture[24, 20].tolist() == [96, 84, 170]


def test_colours_are_right_in_both_commands(name: str, tmp_path: Path) -> None:
    said = WRITTEN[name]
    source = FILES / name
    assert len(scenes_of(source)) == said["scenes"]
    if said["expected"] in ("doubted", "near"):
        return
    same = png(tmp_path / "same.png", said)
    standardize_images(same, tmp_path / "same.h5", keep_flagged=True, workers=1)
    standardize_images(source, tmp_path / "s.h5", channel=channel(said), keep_flagged=True, workers=1)
    expected = images(tmp_path / "same.h5")
    np.testing.assert_array_equal(images(tmp_path / "s.h5"), expected.repeat(said["scenes"], axis=0))
    (tmp_path / "t.csv").write_text(f"file,gene\n{name},Dl\n")
    import_images(FILES, tmp_path / "i.h5", labels=tmp_path / "t.csv", channel=channel(said))
    read = cv2.imread(str(same))
    assert read is not None
    np.testing.assert_array_equal(images(tmp_path / "i.h5"), read[None, ..., ::-1].repeat(said["scenes"], axis=0))


def test_what_a_packing_loses(name: str) -> None:
    if WRITTEN[name]["expected"] != "near":
        return
    apart = read_photograph(FILES / name).pixels.astype(int) - photograph()
    assert np.abs(apart).mean() < 6


def test_what_is_doubted_is_told(name: str) -> None:
    if WRITTEN[name]["expected"] != "doubted":
        return
    read = read_photograph(FILES / name)
    np.testing.assert_array_equal(read.pixels, photograph()[..., 1:2].repeat(3, axis=2))
    assert any("if they are red, green and blue" in remark for remark in read.remarks)


@pytest.mark.parametrize(
    "file",
    [
        "bgr24.czi",
        "bioio-cyx-v2.zarr",
        "ngff-zarr-0.4.zarr",
        "ngff-zarr-0.5.zarr",
        "tifffile-yxs.ome.tif",
        "libvips-planes.ome.tif",
    ],
)
def test_the_size_of_a_pixel_is_read(file: str) -> None:
    pytest.importorskip(LIBRARIES[Path(file).suffix])
    assert read_photograph(FILES / file).pixel_size == pytest.approx((0.65, 0.65))


def test_each_writer_is_there() -> None:
    writers = {said["writer"] for said in WRITTEN.values()}
    zarr = {"ome-zarr", "ngff-zarr", "bioio-ome-zarr", "iohub", "acquire-zarr", "tensorstore"}
    assert writers == {"pylibCZIrw", *zarr, "tifffile", "bioio-ome-tiff", "pyvips"}
