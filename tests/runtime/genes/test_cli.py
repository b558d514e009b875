from __future__ import annotations

import csv
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lsl_runtime import study_genes
from lsl_runtime.genes.cli import app
from lsl_shared import Store
from tests.runtime.gem.atlas.test_build import rename


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture(autouse=True)
def here(annotated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_tables_and_pictures(tmp_path: Path) -> None:
    options = ["--clusters", "3", "--like", "gene003", "--gene", "gene001", "--stage", "9"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "store.genes").iterdir()}
    tables = {"genes.csv", "stages.csv", "like-gene003.csv"}
    assert names == tables | {"clusters.png", "like-gene003.png", "gene-gene001.png"}
    study = study_genes("store.h5")
    rows = rows_of(tmp_path / "store.genes" / "genes.csv")
    assert [row["gene"] for row in rows] == list(study.atlas.genes) and {row["cluster"] for row in rows} == set("123")
    for row, one in zip(rows, study.genes, strict=True):
        assert one.window is not None and float(row["expressed"]) == pytest.approx(one.window.expressed, rel=1e-3)
        if row["onset"]:
            assert float(row["onset"]) == pytest.approx(study.ages(one.window.onset)[1], rel=1e-3)
        else:
            assert one.window.expressed < 0.5
    stages = rows_of(tmp_path / "store.genes" / "stages.csv")
    assert len(stages) == (study.atlas.n_images > 0).sum()
    assert "most like gene003 at stage 9:" in result.output


def test_like_an_image(tmp_path: Path) -> None:
    with Store("store.h5") as store:
        name = store.ids[1]
    result = CliRunner().invoke(app, ["--like", name])
    assert result.exit_code == 0 and f"most like {name}:" in result.output, result.output


def test_every_time_is_told_with_how_sure_it_is(tmp_path: Path) -> None:
    rename(tmp_path / "store.h5", {row: f"alone{row}" for row in range(60)})
    genes = [one.gene for one in study_genes("store.h5").genes][:6]
    result = CliRunner().invoke(app, [word for gene in genes for word in ("--gene", gene)])
    told = [line for line in result.output.splitlines() if ": 1 image; " in line]
    assert result.exit_code == 0 and len(told) == 6, result.output
    assert all("not expressed (" in line or line.count("(") == 2 for line in told), told


def test_a_gene_alone_is_like_none(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--genes", "gene003", "--like", "gene003"])
    assert result.exit_code == 0 and "no other gene has maps that could be compared with gene003" in result.output
    assert "1 row, a gene each" in result.output and not (tmp_path / "store.genes" / "like-gene003.csv").exists()


def test_parquet(tmp_path: Path) -> None:
    parquet = pytest.importorskip("pyarrow.parquet")
    result = CliRunner().invoke(app, ["--parquet"])
    assert result.exit_code == 0, result.output
    table = parquet.read_table(tmp_path / "store.genes" / "genes.parquet").to_pydict()
    study = study_genes("store.h5")
    assert table["gene"] == list(study.atlas.genes)
    assert table["n_images"] == [one.n_images for one in study.genes]
    assert table["peak"] == pytest.approx([one.peak.peak for one in study.genes])


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["--gene", "nobody"], "no gene 'nobody'"),
        (["--like", "GENE003"], "there is gene003"),
        (["--like", "gene003", "--stage", "99"], "no images of stage '99'"),
        (["--clusters", "1"], "--clusters must be 2 to the number of genes"),
        (["--genes", "nobody"], "none of a gene asked for"),
        (["--out", "store.h5"], "is a file"),
    ],
)
def test_refused(options: list[str], told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 1 and told in result.output, result.output
    assert not list(tmp_path.glob("store.genes/*"))


def test_few_images_and_odd_names_are_told(tmp_path: Path) -> None:
    rename(tmp_path / "store.h5", {row: f"alone{row}" for row in range(58)} | {58: "Dl", 59: "dl"})
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0 and "with one image, which tells little; intervals are wide" in result.output
    assert "differ in case alone are kept apart: Dl and dl" in result.output or "Dl" not in result.output


def test_without_pyarrow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = CliRunner().invoke(app, ["--parquet"])
    assert result.exit_code == 1 and "pip install 'lsl-toolkit[parquet]'" in result.output
