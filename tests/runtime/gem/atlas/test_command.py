from __future__ import annotations

import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lsl_runtime.gem.atlas.command import alike_but_for_case
from lsl_runtime.gem.cli import app


@pytest.fixture(autouse=True)
def here(annotated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_atlas_alone_is_written(tmp_path: Path) -> None:
    pytest.importorskip("anndata")
    result = CliRunner().invoke(app, ["--h5ad", "atlas.h5ad", "--stage", "9", "--stage", "4"])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "atlas.h5ad").exists() and not (tmp_path / "store.gems").exists()
    assert "2 stages" in result.output and "→ atlas.h5ad" in result.output and "have no image: NaN" in result.output


def test_bins_of_age(tmp_path: Path) -> None:
    anndata = pytest.importorskip("anndata")
    result = CliRunner().invoke(app, ["--h5ad", "atlas.h5ad", "--age-bins", "1h"])
    assert result.exit_code == 0 and "3 bins of age" in result.output, result.output
    obs = anndata.read_h5ad("atlas.h5ad").obs
    assert obs.groupby("stage", observed=True)["age"].first().to_dict() == {
        "80-140min": 110, "140-200min": 170, "200-260min": 230
    }  # fmt: skip


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--h5ad", "store.h5"], 1, "is one of the inputs"),
        (["--h5ad", "."], 1, "is a folder"),
        (["--h5ad", "a.h5ad", "--stage", "99"], 1, "no class '99'"),
        (["--h5ad", "a.h5ad", "--workers", "2"], 1, "--h5ad does not share out its work"),
        (["--h5ad", "a.h5ad", "--panel"], 2, "goes without"),
        (["--h5ad", "a.csv"], 1, "by its ending; name it a.h5ad"),
        (["--h5ad", "a.h5ad", "--age-bins", "often"], 1, "--age-bins 'often': type a number"),
        (["--stage", "9", "--age-bins", "60min"], 2, "goes with --h5ad"),
        (["--spatialdata", "a.zarr", "--age-bins", "60min"], 2, "goes with --h5ad"),
        (["--spatialdata", "a.zarr", "--workers", "2"], 1, "--spatialdata does not share out its work"),
        (["--spatialdata", "a.zarr", "--compare", "4", "9"], 2, "goes without"),
        (["--spatialdata", "a"], 1, "by its ending; name it a.zarr"),
        (["--spatialdata", "store.h5"], 1, "is there already"),
    ],
)
def test_refused(options: list[str], code: int, told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, options)
    assert result.exit_code == code and told in result.output
    assert not [*tmp_path.glob("*.h5ad"), *tmp_path.glob("*.zarr")]


def test_spatialdata_is_an_extra_and_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anndata")
    monkeypatch.setitem(sys.modules, "spatialdata.models", None)
    result = CliRunner().invoke(app, ["--spatialdata", "atlas.zarr"])
    assert result.exit_code == 1 and "pip install 'lsl-toolkit[spatialdata]'" in result.output
    for name in ("spatialdata", "spatialdata.models"):
        monkeypatch.setitem(sys.modules, name, sys)
    (tmp_path / "atlas.zarr").mkdir()
    result = CliRunner().invoke(app, ["--spatialdata", "atlas.zarr"])
    assert result.exit_code == 1 and "is there already" in result.output and [*tmp_path.glob(".atlas*")] == []


def test_without_anndata(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "anndata", None)
    result = CliRunner().invoke(app, ["--h5ad", "atlas.h5ad"])
    assert result.exit_code == 1 and "pip install 'lsl-toolkit[atlas]'" in result.output


def test_names_that_differ_in_case() -> None:
    assert alike_but_for_case(["Dl", "dl", "eve"]) == ["Dl and dl"]
