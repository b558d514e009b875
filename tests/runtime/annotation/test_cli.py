from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

import h5py
import pytest
from typer.testing import CliRunner

from lsl_runtime.annotation.cli import app
from lsl_runtime.model.graphs import Graphs
from lsl_shared import Annotations

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_without_any_option(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(60), make_bundle()
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0, result.output
    assert "model runs/1/model: stage, 4 classes" in result.stdout
    assert "60 images" in result.stdout and "annotations: store.annotations.h5" in result.stdout
    with Annotations(tmp_path / "store.annotations.h5") as given:
        assert len(given) == 60 and not given.has_saliency


def test_all_outputs(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(60), make_bundle()
    options = ["--saliency", "--features", "--out", "a.h5", "--csv", "a.csv", "--batch-size", "7", "--device", "cpu"]
    result = CliRunner().invoke(app, ["store.h5", *options])
    assert result.exit_code == 0, result.output
    with Annotations(tmp_path / "a.h5") as given:
        assert given.has_saliency and given.has_features
    with (tmp_path / "a.csv").open(newline="") as stream:
        assert len(list(csv.reader(stream))) == 61


def test_saliency_method_implies_saliency(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(60), make_bundle()
    result = CliRunner().invoke(app, ["--saliency-method", "gradient-input"])
    assert result.exit_code == 0, result.output
    with Annotations(tmp_path / "store.annotations.h5") as given:
        assert given.saliency_method == "gradient-input"
    assert CliRunner().invoke(app, ["--saliency-method", "lime"]).exit_code == 2


def test_failed_images_are_listed_and_exit_code_is_3(make_store: Make, make_bundle: Make) -> None:
    store = make_store(60, chunk=20)
    make_bundle()
    with h5py.File(store) as file:
        info = file["images"].id.get_chunk_info(1)
    with store.open("r+b") as stream:
        stream.seek(info.byte_offset + info.size // 2)
        stream.write(b"\xff" * 200)
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 3, result.output
    assert "failed: image00020" in result.stdout and "Traceback" not in result.output


@pytest.mark.parametrize("option", ["--out", "--csv"])
def test_outputs_refuse_the_store(make_store: Make, make_bundle: Make, option: str) -> None:
    store = make_store(20)
    make_bundle()
    before = store.read_bytes()
    result = CliRunner().invoke(app, [option, "store.h5"])
    assert result.exit_code == 1 and result.stderr.count("\n") <= 2
    assert store.read_bytes() == before


def test_other_model_offers_restart_or_out(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(20), make_bundle()
    make_bundle(tmp_path / "other", gain=4.0)
    assert CliRunner().invoke(app, []).exit_code == 0
    refused = CliRunner().invoke(app, ["--model", "other"])
    assert refused.exit_code == 1 and "--restart" in refused.stderr and "--out" in refused.stderr
    assert CliRunner().invoke(app, ["--model", "other", "--restart"]).exit_code == 0


def test_second_call_takes_over_what_is_there(make_store: Make, make_bundle: Make) -> None:
    make_store(20), make_bundle()
    CliRunner().invoke(app, [])
    assert "20 images were taken over from an earlier run" in CliRunner().invoke(app, []).stdout


def test_interrupt_says_how_to_go_on(make_store: Make, make_bundle: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    make_store(20), make_bundle()

    def interrupted(*arguments: object, **settings: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Graphs, "classify", interrupted)
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 130 and "the same command goes on from here" in result.stderr


@pytest.mark.parametrize("other", [["--shard", "1/2"], ["--join"]])
@pytest.mark.parametrize("option", [["--workers", "2"], ["--scheduler", "tcp://127.0.0.1:1"]])
def test_workers_share_out_by_themselves(
    make_store: Make, make_bundle: Make, option: list[str], other: list[str]
) -> None:
    make_store(20), make_bundle()
    result = CliRunner().invoke(app, [*option, *other])
    assert result.exit_code == 1 and "leave --shard and --join out" in result.stderr


def test_workers_and_a_scheduler_exclude_each_other(make_store: Make, make_bundle: Make) -> None:
    make_store(20), make_bundle()
    result = CliRunner().invoke(app, ["--workers", "2", "--scheduler", "tcp://127.0.0.1:1"])
    assert result.exit_code == 1 and "give either --workers N or --scheduler ADDRESS" in result.stderr


@pytest.mark.parametrize("arguments", [["--batch-size", "0"], ["--workers", "0"], ["--device", "tpu"], ["--nonsense"]])
def test_wrong_arguments_are_the_parsers_business(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).exit_code == 2


@pytest.mark.parametrize("option", ["--csv", "--parquet"])
@pytest.mark.parametrize("name", ["store.h5", "store.annotations.h5", "runs/1/model/split.csv", "runs"])
def test_a_table_in_the_way_of_something_is_refused_before_the_work(
    make_store: Make, make_bundle: Make, tmp_path: Path, name: str, option: str
) -> None:
    make_store(20), make_bundle()
    (tmp_path / "runs/1/model/split.csv").touch()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    result = CliRunner().invoke(app, [option, name])
    assert result.exit_code == 1
    assert option in result.stderr
    assert result.stderr.count("\n") <= 2
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_folder_of_the_users_own_is_left_alone(make_store: Make, make_bundle: Make, tmp_path: Path) -> None:
    make_store(20), make_bundle()
    (tmp_path / "mine.parts").mkdir()
    (tmp_path / "mine.parts" / "thesis.txt").write_text("years of work")
    assert CliRunner().invoke(app, ["--out", "mine.h5"]).exit_code == 0
    assert [path.name for path in (tmp_path / "mine.parts").iterdir()] == ["thesis.txt"]


def test_help_shows_the_defaults_that_are_worked_out_later() -> None:
    told = " ".join(CliRunner().invoke(app, ["--help"]).output.replace("│", " ").split())
    assert "[default: the newest run's]" in told
