from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from lsl_runtime import Model, evaluate
from lsl_runtime.evaluation.cli import app

Make = Callable[..., Path]


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, make_store: Make, make_bundle: Make) -> None:
    monkeypatch.chdir(tmp_path)
    make_store(60)
    make_bundle(split={f"image{row:05d}": "train" if row < 30 else "test" for row in range(60)})


def test_without_any_option() -> None:
    result = CliRunner().invoke(app, [])
    assert result.exit_code == 0, result.output
    assert "model runs/1/model, store store.h5" in result.stdout
    assert "stage: 27 test images" in result.stdout


def test_json_holds_the_evaluation(tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["store.h5", "--all", "--json", "figures.json"])
    assert result.exit_code == 0, result.output
    written = json.loads((tmp_path / "figures.json").read_text())
    assert written == json.loads(evaluate("store.h5", Model.load("runs/1/model"), everything=True).to_json())
    assert written["part"] == "all" and len(written["coarse"]["contradictions"]) > 0


@pytest.mark.parametrize("target", ["store.h5", "runs/1/model/split.csv", "runs"])
def test_json_refuses_the_inputs(target: str, tmp_path: Path) -> None:
    before = (tmp_path / "store.h5").read_bytes()
    result = CliRunner().invoke(app, ["--json", target])
    assert result.exit_code == 1 and "--json" in result.stderr
    assert (tmp_path / "store.h5").read_bytes() == before
