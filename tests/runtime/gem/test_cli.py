from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, annotate, build_gem, read_gem
from lsl_runtime.gem.cli import app
from lsl_runtime.gem.comparison.file import read_comparison
from lsl_shared import Store
from tests.support.pictures import texts_of

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(annotated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_only_a_stage(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--stage", "9"])
    assert result.exit_code == 0, result.output
    found = read_gem(tmp_path / "store.gems" / "gems.h5", "9")
    assert (found.gem == build_gem(tmp_path / "store.h5", "9").gem).all() and found.masked_gem is not None
    assert f"stage 9: {found.n_images} images of {found.n_genes} genes → store.gems/stage-9.png" in result.stdout
    assert sorted(path.name for path in (tmp_path / "store.gems").iterdir()) == ["gems.h5", "gems.html", "stage-9.png"]


def test_options(tmp_path: Path) -> None:
    options = ["--stage", "4", "--stage", "7", "--no-masked", "--mode", "fraction", "--view", "all", "--out", "maps"]
    result = CliRunner().invoke(app, ["store.h5", *options, "--model", "runs/1/model"])
    assert result.exit_code == 0, result.output
    for stage in ("4", "7"):
        found = read_gem(tmp_path / "maps" / "gems.h5", stage)
        assert found.masked_gem is None and (found.mode, found.view) == ("fraction", "all")
        assert (tmp_path / "maps" / f"stage-{stage}.png").exists()


def test_panels_in_another_format_and_style(tmp_path: Path) -> None:
    options = ["--stage", "9", "--panel", "--saliency-panel", "2", "--style", "flyexpress", "--format", "svg"]
    result = CliRunner().invoke(app, [*options, "--landmarks", "--no-html"])
    assert result.exit_code == 0, result.output
    names = {path.name for path in (tmp_path / "store.gems").iterdir()}
    assert names == {"gems.h5", "landmarks.csv", "panel.svg", "saliency.svg", "stage-9.svg"}
    assert "panel → store.gems/panel.svg" in result.stdout and "saliency → store.gems/saliency.svg" in result.stdout


def test_saliency_method(tmp_path: Path) -> None:
    options = ["--stage", "9", "--saliency-method", "gradient-input", "--saliency-panel", "1", "--no-html"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    found = read_gem(tmp_path / "store.gems" / "gems.h5", "9")
    expected = build_gem(tmp_path / "store.h5", "9", saliency_method="gradient-input")
    assert found.selection == "masks by gradient × contrast"
    assert found.masked_gem is not None and expected.masked_gem is not None
    np.testing.assert_array_equal(found.masked_gem, expected.masked_gem)


def test_a_bandwidth_without_an_age_is_refused() -> None:
    result = CliRunner().invoke(app, ["--stage", "9", "--bandwidth", "20"])
    assert result.exit_code == 2 and "goes with --age or --movie" in " ".join(result.output.split())


def test_a_comparison_is_drawn(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--compare", "4", "9", "--format", "svg"])
    assert result.exit_code == 0, result.output
    assert "picture → store.gems/comparison-4-9.svg" in result.stdout
    assert "Maps: 4 minus 9" in texts_of(tmp_path / "store.gems" / "comparison-4-9.svg")


def test_a_panel_without_stages_shows_all(monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[str] = []
    monkeypatch.setattr("lsl_runtime.gem.output_folder.draw_gem", lambda *_: None)
    monkeypatch.setattr(
        "lsl_runtime.gem.output_folder.draw_panel", lambda gems, *_: shown.extend(gem.stage for gem in gems)
    )
    result = CliRunner().invoke(app, ["--panel", "--no-masked", "--no-html"])
    assert result.exit_code == 0 and shown == ["4", "5", "7", "9"]


def test_all_stages_leaves_out_those_without_images(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--stage", "all", "--genes", "gene003", "--no-masked"])
    assert result.exit_code == 0, result.output
    mapped = {path.stem.removeprefix("stage-") for path in (tmp_path / "store.gems").glob("stage-*.png")}
    left_out = {"4", "5", "7", "9"} - mapped
    assert mapped and left_out and f"no images, so no map: {', '.join(sorted(left_out))}" in result.stdout


def test_the_page_keeps_stages_of_earlier_runs(tmp_path: Path) -> None:
    for stage in ("9", "4"):
        assert CliRunner().invoke(app, ["--stage", stage]).exit_code == 0
    page = (tmp_path / "store.gems" / "gems.html").read_text("utf-8")
    assert re.findall(r'"name": "(\d+)"', page) == ["4", "9"]


def test_few_genes_are_told(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    store = make_store(12, path=tmp_path / "small.h5")
    annotate(store, Model.load(make_bundle()))
    result = CliRunner().invoke(app, ["small.h5", "--stage", "4"])
    assert result.exit_code == 0 and "genes: the map shows them more than the stage" in result.stdout


def test_maps_of_another_model_go_with_their_pictures(make_bundle: Make, tmp_path: Path) -> None:
    assert CliRunner().invoke(app, ["--stage", "4", "--stage", "9"]).exit_code == 0
    annotate(tmp_path / "store.h5", Model.load(make_bundle(gain=5.0)), restart=True)
    result = CliRunner().invoke(app, ["--stage", "4"])
    assert result.exit_code == 0 and "stage 9: removed, it was of another model or store" in result.stdout
    assert sorted(path.name for path in (tmp_path / "store.gems").iterdir()) == ["gems.h5", "gems.html", "stage-4.png"]
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
        (["--stage", "9", "--format", "gif"], "--format must be one of png, svg, pdf, received 'gif'"),
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
    monkeypatch.setattr("lsl_runtime.gem.build.maps.make_maps", None)
    result = CliRunner().invoke(app, ["--stage", "9"])
    assert result.exit_code == 1 and "gems.h5: is not an HDF5 file" in result.stderr
    assert (tmp_path / "store.gems" / "gems.h5").read_text() == "text"


def test_stage_is_asked_for() -> None:
    assert CliRunner().invoke(app, []).exit_code == 2


def test_listed_genes_weights_and_floor(tmp_path: Path) -> None:
    with Store(tmp_path / "store.h5") as opened:
        genes = sorted(set(opened.genes) - {""})
    (tmp_path / "genes.txt").write_text("\n".join([*genes[:12], "hb"]))
    options = ["--genes", "genes.txt", "--exclude", genes[0], "--weights", "probability", "--floor", "0.1"]
    result = CliRunner().invoke(app, ["--stage", "4", *options])
    assert result.exit_code == 0 and "1 of 13 listed genes are not in the store: hb" in result.stdout
    found = read_gem(tmp_path / "store.gems" / "gems.h5", "4")
    expected = build_gem(
        tmp_path / "store.h5", "4", genes=[*genes[:12], "hb"], exclude=genes[:1], weights="probability", floor=0.1
    )
    assert (found.gem == expected.gem).all() and found.selection == expected.selection != ""


def test_comparison(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--compare", "4", "9"])
    assert result.exit_code == 0, result.output
    assert "higher in 4:" in result.stdout and "higher in 9:" in result.stdout and "% egg length" in result.stdout
    found = read_comparison(tmp_path / "store.gems" / "comparison-4-9.h5")
    assert found.significant.any() and found.names == ("4", "9")
    written = sorted(path.name for path in (tmp_path / "store.gems").iterdir())
    assert written == ["comparison-4-9.h5", "comparison-4-9.png"]


def test_landmarks_and_table(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--stage", "9", "--landmarks", "--table"])
    assert result.exit_code == 0 and "they show where the model looks, no more" in result.stdout
    assert (tmp_path / "store.gems" / "landmarks.csv").read_text().startswith("stage,landmark,threshold")
    assert (tmp_path / "store.gems" / "genes.csv").read_text().startswith("gene,stage,n_images,mean")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--stage", "9", "--landmarks", "--no-masked"], "leave --no-masked out"),
        (["--stage", "9", "--floor", "2"], "--floor is a probability, 0 to 1, received 2.0"),
        (["--stage", "9", "--genes", "none.txt"], "none.txt: no such file"),
        (["--stage", "9", "--genes", "hb"], "none of a gene asked for"),
        (["--compare", "4", "12"], "does not name two of the model's classes"),
        (["--stage", "4", "--compare", "none.h5", "other.h5"], "none.h5: no such file"),
    ],
)
def test_bad_options_write_nothing(arguments: list[str], told: str, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 1 and told in result.stderr
    assert not (tmp_path / "store.gems").exists()


def test_landmark_map_and_its_regions(tmp_path: Path) -> None:
    options = ["--stage", "4", "--landmark-map", "--landmarks", "--no-html"]
    result = CliRunner().invoke(app, options)
    assert result.exit_code == 0, result.output
    found = read_gem(tmp_path / "store.gems" / "gems.h5", "4")
    expected = build_gem(tmp_path / "store.h5", "4", landmark_map=True)
    assert found.landmark_map is not None and expected.landmark_map is not None and found.mask == "landmarks"
    np.testing.assert_array_equal(found.landmark_map.mean, expected.landmark_map.mean)
    cells = f"landmark map: {found.landmark_map.significant.sum()} of "
    assert cells in result.stdout and "cells speak for it beyond chance; it masks the masked map" in result.stdout
    table = (tmp_path / "store.gems" / "landmarks.csv").read_text().splitlines()
    assert table[0].endswith(",egg_length_from,egg_length_to,p") and float(table[1].split(",")[-1]) < 0.05
    assert re.search(r"stage 4, landmark 1: .* from \d+ to \d+ %, p 0\.0", result.stdout)


def test_no_landmark_is_said(tmp_path: Path) -> None:
    result = CliRunner().invoke(
        app,
        ["--stage", "4", "--genes", "gene000,gene001,gene003", "--landmark-map", "--landmarks", "--no-html"],
    )
    assert result.exit_code == 0, result.output
    assert "stage 4: no landmark, as nothing stands out" in result.stdout, "fewer than six genes show nothing"
    assert len((tmp_path / "store.gems" / "landmarks.csv").read_text().splitlines()) == 1


def test_style_paper_masks_by_each_images_gradient(tmp_path: Path) -> None:
    annotate("store.h5", Model.load("runs/1/model"), saliency=True, saliency_method="contributions")
    for style, mask in (("inferno", "landmarks"), ("paper", "image")):
        result = CliRunner().invoke(app, ["--stage", "4", "--style", style, "--no-html"])
        assert result.exit_code == 0, result.output
        assert read_gem(tmp_path / "store.gems" / "gems.h5", "4").mask == mask
    paper = read_gem(tmp_path / "store.gems" / "gems.h5", "4")
    expected = build_gem(tmp_path / "store.h5", "4", saliency_method="gradient")
    assert paper.masked_gem is not None and expected.masked_gem is not None
    np.testing.assert_array_equal(paper.masked_gem, expected.masked_gem)


def test_why_this_stage_and_not_that(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["--why", "4", "--not", "9", "--format", "svg"])
    assert result.exit_code == 0, result.output
    assert sorted(path.name for path in (tmp_path / "store.gems").iterdir()) == ["why-4-not-9.h5", "why-4-not-9.svg"]
    told = (
        r"why 4 and not 9, in 13 images of 11 genes that were given 4: beyond chance, \d+ cells speak for it, \d+ for 9"
    )
    assert re.match(told, result.stdout) and "only" not in result.stdout
    few = CliRunner().invoke(app, ["--why", "4", "--not", "9", "--genes", "gene000,gene001,gene003"])
    assert re.search(r"\n  only \d genes?: the map shows them more than the stage\n", few.stdout), few.output
    for wrong in (["--why", "4"], ["--not", "4"], ["--why", "4", "--not", "9", "--stage", "4"]):
        assert CliRunner().invoke(app, wrong).exit_code == 2
    result = CliRunner().invoke(app, ["--why", "4", "--not", "4"])
    assert result.exit_code == 1 and "why 4 and not 4? Name two classes" in result.output
