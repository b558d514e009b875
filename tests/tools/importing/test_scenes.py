from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_shared.files.store import Store
from lsl_tools import import_images
from lsl_tools.cli import app
from lsl_tools.importing.source import list_source
from tests.support.microscopes import LifImage, write_lif

pytest.importorskip("liffile")
PLANES = np.random.default_rng(0).integers(0, 256, (3, 40, 60), dtype=np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder `p` with a file of two images and one of a single image."""
    (tmp_path / "p" / "oak").mkdir(parents=True)
    images = [LifImage(f"Slide/{name}", PLANES[place], "YX", pixel=1e-6) for place, name in enumerate(("a", "b"))]
    write_lif(tmp_path / "p" / "oak" / "two.lif", images)
    write_lif(tmp_path / "p" / "oak" / "one.lif", [LifImage("c", PLANES[2], "YX")])
    return tmp_path / "p"


def test_each_scene_is_an_image_with_the_labels_of_its_file(folder: Path, tmp_path: Path) -> None:
    listing = list_source(folder)
    names = ["oak/one.lif", "oak/two.lif#Slide/a", "oak/two.lif#Slide/b"]
    assert [sample.id for sample in listing.samples] == [sample.source for sample in listing.samples] == names
    assert {sample.labels["label"] for sample in listing.samples} == {"oak"}
    import_images(folder, tmp_path / "s.h5")
    with Store(tmp_path / "s.h5") as store:
        assert store.ids.tolist() == names
        np.testing.assert_array_equal(store.read(0, 3)[..., 0], PLANES[[2, 0, 1]])
        assert np.isnan(store.pixel_sizes()).all(axis=1).tolist() == [True, False, False]
        np.testing.assert_allclose(store.pixel_sizes()[1:], 1.0)


def test_one_file_is_a_source(folder: Path, tmp_path: Path) -> None:
    assert import_images(folder / "oak" / "two.lif", tmp_path / "s.h5").images == 2
    with Store(tmp_path / "s.h5") as store:
        assert store.ids.tolist() == ["two.lif#Slide/a", "two.lif#Slide/b"]


@pytest.mark.parametrize("command", ["import", "standardize"])
def test_one_scene_is_a_source(command: str, folder: Path, tmp_path: Path) -> None:
    further = ["--keep-flagged", "--no-orient"] if command == "standardize" else []
    source = folder / "oak" / "two.lif#Slide/b"
    listing = list_source(source)
    assert [(sample.id, sample.path) for sample in listing.samples] == [("two.lif#Slide/b", source)]
    result = CliRunner().invoke(app, [command, str(folder / "none.lif"), str(tmp_path / "s.h5"), *further])
    assert "none.lif: no such file or folder" in result.stderr


def test_one_ome_tiff_is_a_source(tmp_path: Path) -> None:
    tifffile = pytest.importorskip("tifffile")
    with tifffile.TiffWriter(tmp_path / "a.ome.tif", ome=True) as file:
        for plane in PLANES[:2]:
            file.write(plane, metadata={"axes": "YX"})
    assert import_images(tmp_path / "a.ome.tif", tmp_path / "s.h5").images == 2


def test_a_table_names_a_file_or_one_of_its_scenes(folder: Path, tmp_path: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("file,id,gene\noak/two.lif,e1,Dl\noak/one.lif,e2,en\n")
    listing = list_source(folder, labels=table)
    assert [(sample.id, sample.gene) for sample in listing.samples] == [
        ("e1#Slide/a", "Dl"),
        ("e1#Slide/b", "Dl"),
        ("e2", "en"),
    ]
    table.write_text("file,gene\noak/two.lif#Slide/b,Dl\n")
    import_images(folder, tmp_path / "s.h5", labels=table)
    with Store(tmp_path / "s.h5") as store:
        assert (store.ids.tolist(), store.genes.tolist()) == (["oak/two.lif#Slide/b"], ["Dl"])
        np.testing.assert_array_equal(store.read(0, 1)[0, ..., 0], PLANES[1])


def test_the_size_of_a_pixel_follows_the_scale(folder: Path, tmp_path: Path) -> None:
    import_images(folder, tmp_path / "s.h5", size=(20, 30))
    with Store(tmp_path / "s.h5") as store:
        np.testing.assert_allclose(store.pixel_sizes()[1:], 2.0)


@pytest.mark.parametrize("command", ["import", "standardize"])
def test_a_channel_is_chosen_on_the_command_line(command: str, tmp_path: Path) -> None:
    write_lif(tmp_path / "a.lif", [LifImage("a", PLANES, "CYX", channels=("DAPI", "GFP", "TL"))])
    words = [command, str(tmp_path / "a.lif"), str(tmp_path / "s.h5")]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "3 channels (DAPI, GFP, TL): choose one with --channel" in result.stderr
    result = CliRunner().invoke(app, [*words, "--channel", "nothing"])
    assert "has no channel 'nothing'; its channels: DAPI, GFP, TL" in result.stderr
    if command == "import":
        assert CliRunner().invoke(app, [*words, "--channel", "TL"]).exit_code == 0
        with Store(tmp_path / "s.h5") as store:
            np.testing.assert_array_equal(store.read(0, 1)[0, ..., 1], PLANES[2])


@pytest.mark.parametrize("command", ["import", "standardize"])
def test_a_damaged_file_is_left_out_and_told(command: str, folder: Path, tmp_path: Path) -> None:
    (folder / "oak" / "bad.lif").write_bytes(b"\x70\0\0\0")
    further = ["--keep-flagged", "--no-orient", "--workers", "1"] if command == "standardize" else []
    result = CliRunner().invoke(app, [command, str(folder), str(tmp_path / "s.h5"), *further])
    assert result.exit_code in (1, 3)  # noise shows no embryo
    if command == "import":
        assert result.exit_code == 3
        assert "oak/bad.lif: is damaged, or a LIF of a kind that cannot be read" in result.stdout
