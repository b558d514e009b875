from __future__ import annotations

import json
from pathlib import Path

from typer.testing import CliRunner, Result

from lsl_trainer.comparing.cli import app


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_it_compares_and_tells_the_table(store: Path, tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text('preset = "tiny"\nfine_epochs = 10\nbatch_size = 32\n')
    result = invoke(
        store, "--out", tmp_path / "out", "--config", tmp_path / "short.toml", "--seeds", "1",
        "--method", "plain", "--method", "gabor", "--fine-per-class", "4",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    assert "gabor, plain; folder" in result.output
    assert "seed  0  plain                fine epoch 10" in result.output
    assert "mean of classes" in result.output
    assert "±" in result.output.split("corner")[1].split("\n")[0]
    page = (tmp_path / "out" / "report.html").read_text(encoding="utf-8")
    for row in json.loads((tmp_path / "out" / "comparison.json").read_text())["rows"]:
        told = f"{100 * row['accuracy']['mean']:.1f}"
        (line,) = (line for line in result.output.split("\n") if line.split("│")[1:2] == [f" {row['name']:<6} "])
        assert told in line
        assert told in page


def test_bad_input_is_told_plainly(store: Path, tmp_path: Path) -> None:
    for arguments, said in [
        (("--method", "best"), "--method must be one of gabor, plain"),
        (("--seeds", "0"), "--seeds must be at least 1, received 0"),
        (("--fine", "colour"), "labels/colour: no such task"),
    ]:
        result = invoke(store, "--out", tmp_path / "out", "--preset", "tiny", *arguments)
        assert result.exit_code == 1, result.output
        assert f"error: {said}" in result.output or said in result.output
        assert "Traceback" not in result.output
    assert invoke(tmp_path / "missing.h5").exit_code == 1
