from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_runtime import Gem, LandmarkMap, read_gem, write_gems
from lsl_runtime.gem.files.maps_file import gems_folder, picture_path, safe_name
from lsl_shared import GemError


@pytest.fixture
def make_gem() -> Callable[..., Gem]:
    def make(stage: str = "9", **other: object) -> Gem:
        plane = np.random.default_rng(len(stage)).random((16, 40), dtype=np.float32)
        gem = Gem(
            stage=stage, task="stage", gem=plane, masked_gem=plane * np.float32(0.5), embryo=np.ones_like(plane),
            n_images=7, n_genes=3, n_empty=1, mode="mean", view="", model="runs/1/model", model_digest="d1",
            store_fingerprint="f1",
        )  # fmt: skip
        return replace(gem, **other)  # type: ignore[arg-type]

    return make


def test_what_is_written_is_read_back(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    band = np.random.default_rng(0).random((2, 8, 20), dtype=np.float32)
    gem = make_gem(band=band, selection="of 5 listed genes")
    assert write_gems(tmp_path / "s.gems", [gem]) == []
    found = read_gem(tmp_path / "s.gems" / "gems.h5", "9")
    for name in ("gem", "masked_gem", "embryo", "band"):
        np.testing.assert_array_equal(getattr(found, name), getattr(gem, name))
    for name in ("stage", "task", "n_images", "n_genes", "n_empty", "mode", "view", "model_digest", "selection"):
        assert getattr(found, name) == getattr(gem, name)
    with h5py.File(tmp_path / "s.gems" / "gems.h5") as file:
        assert (file.attrs["format"], file.attrs["version"]) == ("lsl-gems", 1)
        assert file["stage_9/gem"].dtype == np.float32
        assert file["stage_9"].attrs["n_genes"] == 3


def test_the_landmark_map_is_read_back(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    p = np.linspace(0, 1, 8 * 20, dtype=np.float32).reshape(8, 20)
    p[0] = np.nan
    found = LandmarkMap(np.linspace(-1, 1, 640, dtype=np.float32).reshape(16, 40), p)
    write_gems(tmp_path, [make_gem(landmark_map=found, mask="landmarks"), make_gem("10")])
    again = read_gem(tmp_path / "gems.h5", "9")
    assert again.landmark_map is not None and again.mask == "landmarks"
    np.testing.assert_array_equal(again.landmark_map.mean, found.mean)
    np.testing.assert_array_equal(again.landmark_map.p, p)
    with h5py.File(tmp_path / "gems.h5") as file:
        assert file["stage_9/landmark_map"].dtype == file["stage_9/landmark_p"].dtype == np.float32
    bare = read_gem(tmp_path / "gems.h5", "10")
    assert bare.landmark_map is None and bare.mask == ""


def test_unmasked_gem_has_no_masked_dataset(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    write_gems(tmp_path, [make_gem()])
    write_gems(tmp_path, [make_gem(masked_gem=None)])
    assert read_gem(tmp_path / "gems.h5", "9").masked_gem is None


def test_files_from_before_bands_are_read(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    write_gems(tmp_path, [make_gem()])
    with h5py.File(tmp_path / "gems.h5", "r+") as file:
        del file["stage_9"].attrs["selection"]
    found = read_gem(tmp_path / "gems.h5", "9")
    assert found.band is None and found.masked_band is None and found.selection == ""


def test_groups_of_the_same_store_and_model_stay(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    write_gems(tmp_path, [make_gem("9"), make_gem("10")])
    assert write_gems(tmp_path, [make_gem("10", n_images=8), make_gem("11")]) == []
    assert {stage: read_gem(tmp_path / "gems.h5", stage).n_images for stage in ("9", "10", "11")} == {
        "9": 7, "10": 8, "11": 7,
    }  # fmt: skip


@pytest.mark.parametrize("other", [{"model_digest": "d2"}, {"store_fingerprint": "f2"}])
def test_groups_of_another_store_or_model_go(
    make_gem: Callable[..., Gem], tmp_path: Path, other: dict[str, str]
) -> None:
    write_gems(tmp_path, [make_gem("9"), make_gem("10")])
    assert sorted(write_gems(tmp_path, [make_gem("9", **other)])) == [("stage", "10"), ("stage", "9")]
    with pytest.raises(GemError, match="no map of stage '10'; there are: 9"):
        read_gem(tmp_path / "gems.h5", "10")


@pytest.mark.parametrize("stage", ["a/b", "../../x", "α β", ".", "A" * 300, "x\ny", "4:5*?"])
def test_odd_class_names_become_safe_names(make_gem: Callable[..., Gem], tmp_path: Path, stage: str) -> None:
    write_gems(tmp_path, [make_gem(stage), make_gem("a_b")])
    with h5py.File(tmp_path / "gems.h5") as file:
        assert len(file) == 2 and all("gem" in group for group in file.values())
    assert read_gem(tmp_path / "gems.h5", stage).stage == stage
    picture = picture_path(tmp_path, "stage", stage)
    assert picture.parent == tmp_path and len(picture.name) < 100
    picture.write_bytes(b"")


def test_different_names_never_meet() -> None:
    names = ["a/b", "a_b", "a b", "a:b", "A" * 300, "A" * 301, "brain", "Brain", "caf\u00e9", "cafe\u0301", ""]
    names += [safe_name("a b"), safe_name("Brain")]  # a class that is called as another one's picture
    pictures = {picture_path("", task, name).name.lower() for name in names for task in ("stage", "stage_range")}
    assert len(pictures) == 2 * len(names) and all(picture.isascii() for picture in pictures)


def test_classes_and_terms_of_one_name_stand_side_by_side(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    gems = [
        make_gem("brain", task="cv_terms", kind="terms"),
        make_gem("brain", task="tissue"),
        make_gem("4-6", task="stage_range"),
        make_gem("range_4-6", task="stage"),
    ]
    write_gems(tmp_path, gems)
    write_gems(tmp_path, gems[:1])
    with h5py.File(tmp_path / "gems.h5") as file:
        assert len(file) == 4
    term = read_gem(tmp_path / "gems.h5", "brain", "cv_terms")
    assert (term.task, term.kind, term.what) == ("cv_terms", "terms", "term")
    assert read_gem(tmp_path / "gems.h5", "brain", "tissue").what == "tissue"
    assert read_gem(tmp_path / "gems.h5", "4-6").task == "stage_range"
    with pytest.raises(GemError, match="maps of 'brain' in cv_terms, tissue: name the task"):
        read_gem(tmp_path / "gems.h5", "brain")


def test_groups_of_an_early_version_are_read_and_replaced(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    write_gems(tmp_path, [make_gem("4-6", task="stage_range")])
    with h5py.File(tmp_path / "gems.h5", "r+") as file:
        file.move("stage_range_4-6", "stage_4-6")
        del file["stage_4-6"].attrs["kind"]
    assert read_gem(tmp_path / "gems.h5", "4-6").kind == "class"
    write_gems(tmp_path, [make_gem("4-6", task="stage_range", n_images=8)])
    assert read_gem(tmp_path / "gems.h5", "4-6").n_images == 8


@pytest.mark.parametrize("content", [b"", b"text\n", b"\x89HDF\r\n\x1a\n"])
def test_foreign_file_in_the_way_is_left_alone(make_gem: Callable[..., Gem], tmp_path: Path, content: bytes) -> None:
    (tmp_path / "gems.h5").write_bytes(content)
    with pytest.raises(GemError, match=r"gems\.h5"):
        write_gems(tmp_path, [make_gem()])
    assert [path.name for path in tmp_path.iterdir()] == ["gems.h5"]
    assert (tmp_path / "gems.h5").read_bytes() == content


def test_incomplete_group_names_the_key(make_gem: Callable[..., Gem], tmp_path: Path) -> None:
    write_gems(tmp_path, [make_gem()])
    with h5py.File(tmp_path / "gems.h5", "r+") as file:
        del file["stage_9/embryo"]
    with pytest.raises(GemError, match="stage_9/embryo: expected a dataset, found nothing"):
        read_gem(tmp_path / "gems.h5", "9")
    with h5py.File(tmp_path / "gems.h5", "r+") as file:
        del file["stage_9"].attrs["mode"]
    with pytest.raises(GemError, match="stage_9: damaged"):
        read_gem(tmp_path / "gems.h5", "9")


def test_failed_write_leaves_the_old_file(
    make_gem: Callable[..., Gem], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_gems(tmp_path, [make_gem()])
    before = (tmp_path / "gems.h5").read_bytes()
    monkeypatch.setattr("lsl_runtime.gem.files.maps_file._write", lambda group, gem: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        write_gems(tmp_path, [make_gem("10")])
    assert (tmp_path / "gems.h5").read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_folder_is_named_after_the_store() -> None:
    assert gems_folder("data/store.h5") == Path("data/store.gems")
