from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared.errors import ImageError
from lsl_tools.microscopes.read import photograph_size, read_photograph, scenes_of

zarr = pytest.importorskip("zarr")
RGB = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
CYX = np.moveaxis(RGB, 2, 0)


def multiscales(axes: str, **further: object) -> dict[str, object]:
    named = [{"name": axis, "type": "space" if axis in "zyx" else "channel"} for axis in axes]
    return {"multiscales": [{"axes": named, "datasets": [{"path": "0"}, {"path": "1"}]}], **further}


def a_zarr(path: Path, values: NDArray[Any], axes: str, version: int = 3, **further: object) -> Path:
    group = zarr.open_group(path, mode="w", zarr_format=version)
    group.create_array("0", data=values)
    group.create_array("1", data=values[..., ::2, ::2])
    described = multiscales(axes, **further)
    group.attrs.update(described if version == 2 else {"ome": {"version": "0.5", **described}})
    return path


def same(path: Path, channel: str = "") -> bool:
    return bool(np.array_equal(read_photograph(path, channel).pixels, RGB))


@pytest.mark.parametrize("version", [2, 3])
def test_an_image_of_any_version(tmp_path: Path, version: int) -> None:
    path = a_zarr(tmp_path / "a.zarr", CYX[:, None], "czyx", version)
    assert scenes_of(path) == ("",)
    assert photograph_size(path) == (40, 60)
    assert same(path)


def test_colours_side_by_side_and_axes_in_capitals(tmp_path: Path) -> None:
    assert same(a_zarr(tmp_path / "a.zarr", RGB, "yxc"))
    assert same(a_zarr(tmp_path / "b.zarr", CYX[None, :, None], "TCZYX"))


def test_the_oldest_axes_are_plain_names_or_none(tmp_path: Path) -> None:
    for axes in (list("cyx"), None):
        group = zarr.open_group(tmp_path / "a.zarr", mode="w", zarr_format=2)
        group.create_array("0", data=CYX if axes else CYX[None, :, None])
        scale = {"datasets": [{"path": "0"}], **({"axes": axes} if axes else {})}
        group.attrs.update({"multiscales": [scale]})
        assert same(tmp_path / "a.zarr")


def test_three_planes_without_channels_are_doubted(tmp_path: Path) -> None:
    read = read_photograph(a_zarr(tmp_path / "a.zarr", CYX, "zyx"))
    np.testing.assert_array_equal(read.pixels, RGB[..., 1:2].repeat(3, axis=2))
    assert any("write that axis as c" in remark for remark in read.remarks)
    read = read_photograph(a_zarr(tmp_path / "b.zarr", RGB, "zyx"))  # lines of three pixels
    np.testing.assert_array_equal(read.pixels, RGB)
    assert any("colour" in remark for remark in read.remarks)


def test_channels_are_chosen_by_name(tmp_path: Path) -> None:
    channels = [{"label": name, "color": "00FF00"} for name in ("DAPI", "GFP", "Brightfield")]
    path = a_zarr(tmp_path / "a.zarr", CYX, "cyx", omero={"channels": channels})
    with pytest.raises(ImageError, match=r"3 channels \(DAPI, GFP, Brightfield\): choose one with --channel"):
        read_photograph(path)
    np.testing.assert_array_equal(read_photograph(path, "brightfield").pixels[..., 0], RGB[..., 2])
    with pytest.raises(ImageError, match="no channel 'RFP'; its channels: DAPI, GFP"):
        read_photograph(path, "RFP")


@pytest.mark.parametrize("shown", [["Blue", "Green", "Red"], ["b", "G", "R"], ["", "", ""]])
def test_colours_in_another_order(tmp_path: Path, shown: list[str]) -> None:
    channels = [
        {"label": name, "color": colour} for name, colour in zip(shown, ("0000ff", "00FF00", "FF0000"), strict=True)
    ]
    assert same(a_zarr(tmp_path / "a.zarr", CYX[::-1], "cyx", omero={"channels": channels}))


def test_the_series_of_a_converter(tmp_path: Path) -> None:
    root = tmp_path / "a.zarr"
    zarr.open_group(root, mode="w").attrs.update({"ome": {"version": "0.5", "bioformats2raw.layout": 3}})
    for name in ("0", "1", "10", "2"):
        a_zarr(root / name, CYX if name == "2" else CYX[:, ::-1], "cyx")
    assert scenes_of(root) == ("0", "1", "2", "10")
    zarr.open_group(root / "OME", mode="w").attrs.update({"ome": {"series": ["2", "0"]}})
    assert scenes_of(root) == ("2", "0")
    assert same(root / "2")
    assert not same(root / "0")


@pytest.mark.parametrize("version", [2, 3])
def test_the_fields_of_a_plate(tmp_path: Path, version: int) -> None:
    root = tmp_path / "plate.zarr"
    plate = {"plate": {"wells": [{"path": "A/1"}, {"path": "B/2"}]}}
    zarr.open_group(root, mode="w", zarr_format=version).attrs.update(plate if version == 2 else {"ome": plate})
    for well, fields in (("A/1", "01"), ("B/2", "0")):
        images = {"well": {"images": [{"path": field} for field in fields]}}
        group = zarr.open_group(root / well, mode="w", zarr_format=version)
        group.attrs.update(images if version == 2 else {"ome": images})
        for field in fields:
            a_zarr(root / well / field, CYX, "cyx", version)
    assert scenes_of(root) == ("A/1/0", "A/1/1", "B/2/0")
    assert scenes_of(root / "A" / "1") == ("0", "1")
    assert same(root / "A" / "1" / "1")


def test_a_bare_array_is_read_by_the_names_of_its_axes(tmp_path: Path) -> None:
    zarr.create_array(tmp_path / "a.zarr", data=RGB, dimension_names=["y", "x", "c"])
    assert same(tmp_path / "a.zarr")
    zarr.create_array(tmp_path / "b.zarr", data=CYX, dimension_names=["channel", "height", "width"])
    assert same(tmp_path / "b.zarr")
    zarr.create_array(tmp_path / "c.zarr", data=RGB)
    with pytest.raises(ImageError, match=r"bare Zarr array of 40×60×3 .* dimension_names y, x and c"):
        read_photograph(tmp_path / "c.zarr")
    zarr.open_group(tmp_path / "d.zarr", mode="w").create_array("image", data=RGB, dimension_names=["y", "x", "c"])
    assert scenes_of(tmp_path / "d.zarr") == ("image",)
    assert same(tmp_path / "d.zarr" / "image")


@pytest.mark.parametrize(
    ("unit", "expected"), [("micrometer", 0.5), ("nanometer", 0.0005), ("furlong", None), (None, None)]
)
def test_the_size_of_a_pixel(tmp_path: Path, unit: str | None, expected: float | None) -> None:
    path = a_zarr(tmp_path / "a.zarr", CYX, "cyx")
    axes = [{"name": axis, **({"unit": unit} if unit and axis != "c" else {})} for axis in "cyx"]
    scale = [{"type": "scale", "scale": [1, 0.25, 0.5]}]
    level = {"path": "0", "coordinateTransformations": scale}
    whole = {"axes": axes, "datasets": [level], "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 1]}]}
    zarr.open_group(path, mode="r+").attrs.update({"ome": {"multiscales": [whole]}})
    assert read_photograph(path).pixel_size == (None if expected is None else (expected, expected))


@pytest.mark.parametrize("values", [np.zeros((5, 40, 60), np.uint8), np.zeros((3, 40, 60), np.float32)])
def test_other_kinds_of_images_are_refused(tmp_path: Path, values: NDArray[Any]) -> None:
    with pytest.raises(ImageError):
        read_photograph(a_zarr(tmp_path / "a.zarr", values, "cyx"))


def test_damaged_folders_are_refused(tmp_path: Path) -> None:
    bare = tmp_path / "bare.zarr"
    zarr.open_group(bare, mode="w")
    with pytest.raises(ImageError, match="without OME"):
        read_photograph(bare)
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(ImageError, match="without OME"):
        read_photograph(tmp_path / "empty.zarr")
    whole = a_zarr(tmp_path / "b.zarr", CYX, "cyx")
    next(path for path in whole.glob("0/c/**/*") if path.is_file()).write_bytes(b"no chunk")
    with pytest.raises(ImageError, match="damaged"):
        read_photograph(whole)
    (whole / "0" / "zarr.json").write_text("{")
    with pytest.raises(ImageError, match="damaged"):
        read_photograph(whole)


def test_a_bomb_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("0", shape=(3, 200_000, 200_000), chunks=(3, 1000, 1000), dtype="uint8", fill_value=1)
    group.attrs.update({"ome": {"multiscales": [{"axes": list("cyx"), "datasets": [{"path": "0"}]}]}})
    with pytest.raises(ImageError, match="at most"):
        read_photograph(tmp_path / "a.zarr")
    path = a_zarr(tmp_path / "b.zarr", CYX, "cyx")
    next(path for path in path.glob("0/c/**/*") if path.is_file()).write_bytes(bytes(1 << 20))
    with pytest.raises(ImageError, match="longer than its pixels"):
        read_photograph(path)


def test_one_plane_of_many_is_read(tmp_path: Path) -> None:
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    array = group.create_array("0", shape=(10**6, 3, 1001, 40, 60), chunks=(1, 1, 1, 40, 60), dtype="uint8")
    array[0, :, 500] = CYX
    group.attrs.update({"ome": multiscales("tczyx")})
    assert same(tmp_path / "a.zarr")


def test_links_out_of_the_folder_are_refused(tmp_path: Path) -> None:
    other = a_zarr(tmp_path / "other.zarr", CYX, "cyx")
    path = a_zarr(tmp_path / "a.zarr", CYX, "cyx")
    chunk = next(path for path in path.glob("0/c/**/*") if path.is_file())
    chunk.unlink()
    chunk.symlink_to(next(path for path in other.glob("0/c/**/*") if path.is_file()))
    with pytest.raises(ImageError, match="links that lead out"):
        read_photograph(path)
    for place, named in enumerate(("../other.zarr/0", "/etc", "linked")):
        path = tmp_path / f"{place}.zarr"
        described = {"multiscales": [{"axes": list("cyx"), "datasets": [{"path": named}]}]}
        zarr.open_group(path, mode="w").attrs.update({"ome": described})
        (path / "linked").symlink_to(other / "0")
        with pytest.raises(ImageError, match=r"outside of its folder|links that lead out"):
            read_photograph(path)


@pytest.mark.parametrize("filters", [[{"id": "pickle"}], ["pickle"], [{"id": "json2"}]])
def test_nothing_is_unpacked_that_could_run_code(tmp_path: Path, filters: list[object]) -> None:
    path = a_zarr(tmp_path / "a.zarr", CYX, "cyx", 2)
    described = json.loads((path / "0" / ".zarray").read_text())
    (path / "0" / ".zarray").write_text(json.dumps({**described, "filters": filters}))
    with pytest.raises(ImageError, match="which is not read"):
        read_photograph(path)
    (path / "0" / ".zarray").write_text(json.dumps({**described, "dtype": "|O"}))
    with pytest.raises(ImageError, match="no plain numbers"):
        read_photograph(path)


def test_without_zarr_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = a_zarr(tmp_path / "a.zarr", CYX, "cyx")
    monkeypatch.setitem(__import__("sys").modules, "zarr", None)
    with pytest.raises(ImageError, match=r"needs zarr: pip install 'lsl-toolkit\[microscopy\]'"):
        read_photograph(path)
