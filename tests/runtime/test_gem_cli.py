from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, build_gem, read_gem
from lsl_runtime.gem_cli import app

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def annotated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_store: Make, make_bundle: Make) -> None:
    monkeypatch.chdir(tmp_path)
    annotate(make_store(60), Model.load(make_bundle()))


def test_only_a_stage(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--stage", "9"])
    assert result.exit_code == 0, result.output
    found = read_gem(tmp_path / "store.gems" / "gems.h5", "9")
    assert (found.gem == build_gem(tmp_path / "store.h5", "9").gem).all() and found.masked_gem is not None
    assert f"stage 9: {found.n_images} images of {found.n_genes} genes → store.gems/stage-9.png" in result.stdout
    assert sorted(path.name for path in (tmp_path / "store.gems").iterdir()) == ["gems.h5", "stage-9.png"]


def test_options(tmp_path: Path) -> None:
    options = ["--stage", "4", "--stage", "7", "--no-masked", "--mode", "fraction", "--view", "all", "--out", "maps"]
    result = CliRunner().invoke(app, ["store.h5", *options, "--model", "runs/1/model"])
    assert result.exit_code == 0, result.output
    for stage in ("4", "7"):
        found = read_gem(tmp_path / "maps" / "gems.h5", stage)
        assert found.masked_gem is None and (found.mode, found.view) == ("fraction", "all")
        assert (tmp_path / "maps" / f"stage-{stage}.png").exists()


def test_few_genes_are_told(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store = make_store(12, path=tmp_path / "small.h5")
    annotate(store, Model.load(make_bundle()))
    result = CliRunner().invoke(app, ["small.h5", "--stage", "4"])
    assert result.exit_code == 0 and "genes: the map shows these genes more than the stage" in result.stdout


def test_maps_of_another_model_go_with_their_pictures(make_bundle: Make, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["--stage", "4", "--stage", "9"]).exit_code == 0
    annotate(tmp_path / "store.h5", Model.load(make_bundle(gain=5.0)), restart=True)
    result = CliRunner().invoke(app, ["--stage", "4"])
    assert result.exit_code == 0 and "stage 9: removed, it was of another model or store" in result.stdout
    assert sorted(path.name for path in (tmp_path / "store.gems").iterdir()) == ["gems.h5", "stage-4.png"]
    with h5py.File(tmp_path / "store.gems" / "gems.h5") as file:
        assert list(file) == ["stage_4"]


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--stage", "12"], "no class '12'. Classes of the model are stage: 4, 5, 7, 9"),
        (["--stage", "9", "--view", "dorsal"], "none of them the view 'dorsal'"),
        (["--stage", "9", "--out", "store.h5"], "store.h5: is a file"),
        (["--stage", "9", "--annotations", "none.h5"], "none.h5: no such file"),
        (["--stage", "9", "--model", "none"], "no such file"),
    ],
)
def test_errors_write_nothing(arguments: list[str], told: str, tmp_path: Path) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1 and told in result.stderr
    assert len(result.stderr.strip().splitlines()) <= 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_foreign_file_in_the_way_is_told_before_the_work(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "store.gems").mkdir()
    (tmp_path / "store.gems" / "gems.h5").write_text("text")
    monkeypatch.setattr("lsl_runtime.gem.build_gems", None)
    result = CliRunner().invoke(app, ["--stage", "9"])
    assert result.exit_code == 1 and "gems.h5: is not an HDF5 file" in result.stderr
    assert (tmp_path / "store.gems" / "gems.h5").read_text() == "text"


def test_stage_is_asked_for() -> None:
    assert CliRunner().invoke(app, []).exit_code == 2
