"""The command around cross-validation; what it computes is tested with `folds`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from typer.testing import CliRunner, Result

from lsl_runtime.evaluation.scores import Scores
from lsl_trainer import TrainConfig
from lsl_trainer.cli import app
from lsl_trainer.reporting.reliability import Measured
from lsl_trainer.runs import folds
from lsl_trainer.runs.out_of_fold import CrossValidation, Fold
from lsl_trainer.settings.config_file import write_config

FAST = ["--preset", "tiny", "--method", "plain", "--fine-epochs", "1", "--batch-size", "32"]


Call = tuple[str, int, bool]
"""Method, folds, and whether it is resumed."""


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Call]:
    """Every call of `cross_validate`, which begins a folder and is interrupted within fold 2 unless it is resumed."""
    called: list[Call] = []

    def stand_in(
        store: Path,
        config: TrainConfig,
        out: Path,
        k: int,
        *,
        resume: bool,
        on_start: Callable[[int, Any], None],
        on_images: Callable[[int], None],
    ) -> CrossValidation:
        called.append((config.method, k, resume))
        out.mkdir(exist_ok=True)
        (out / "folds.json").write_text(json.dumps({"folds": k}))
        write_config(config, out / "config.toml")
        data = SimpleNamespace(fine=range(30), test=range(10))
        for number in range(1, k + 1):
            on_start(number, SimpleNamespace(data=data, total_images=30))
            on_images(30)
            if number == 2 and not resume:
                raise KeyboardInterrupt
        found = tuple(Fold(number, 30, 10, 4, 0.7) for number in range(1, k + 1))
        return CrossValidation(
            out, cast(Scores, None), {"accuracy": Measured(0.7, 0.6, 0.8)}, found, ("fold 1: a note",)
        )

    monkeypatch.setattr(folds, "cross_validate", stand_in)
    return called


def test_folds_are_told_one_by_one_and_together(store: Path, tmp_path: Path, calls: list[Call]) -> None:
    interrupted = invoke(store, "--out", tmp_path / "run", "--folds", "3", *FAST)
    assert interrupted.exit_code == 130
    assert "fold 2 of 3: 30 fine labels to learn, 10 held out" in interrupted.output
    resumed = invoke(store, "--out", tmp_path / "run", "--resume")
    assert resumed.exit_code == 0, resumed.output
    assert "fold 3:  70.0% right of 10 images of 4 groups" in resumed.output
    assert "together: 70.0% right (95 % interval 60.0% … 80.0%)" in resumed.output
    assert "note: fold 1: a note" in resumed.output
    assert calls == [("plain", 3, False), ("plain", 3, True)]


def test_folds_that_cannot_be_are_told(store: Path, tmp_path: Path) -> None:
    result = invoke(store, "--out", tmp_path / "run", "--folds", "1", *FAST)
    assert result.exit_code == 1
    assert "--folds must lie in 2 … 60" in result.output
