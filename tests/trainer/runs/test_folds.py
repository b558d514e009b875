from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared import ConfigError, Store, TrainingError
from lsl_trainer import CrossValidation, Run, TrainConfig
from lsl_trainer.data.split import CALIBRATION, TEST
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.runs import folds
from lsl_trainer.runs.folds import cross_validate
from lsl_trainer.runs.folds_file import folds_of

Made = tuple[CrossValidation, list[tuple[int, TrainingData]]]
"""A cross-validation, and the number and the data of each fold."""


@pytest.fixture(scope="module")
def short() -> TrainConfig:
    from tests.support.squares import small_config

    return small_config().having(method="plain", fine_epochs=8)


@pytest.fixture(scope="module")
def made(store: Path, short: TrainConfig, tmp_path_factory: pytest.TempPathFactory) -> Made:
    told: list[tuple[int, TrainingData]] = []
    found = cross_validate(
        store, short, tmp_path_factory.mktemp("folds") / "run", 2,
        on_start=lambda number, training: told.append((number, training.data)),
    )  # fmt: skip
    return found, told


def test_every_labelled_image_is_tested_once_by_a_stranger(store: Path, made: Made) -> None:
    found, told = made
    with Store(store) as opened:
        labels = opened.labels("corner")
    assert [number for number, _ in told] == [1, 2]
    tested = np.concatenate([data.test.ids for _, data in told])
    assert sorted(tested) == sorted(f"image{k}" for k in np.flatnonzero(labels >= 0))
    for _, data in told:
        assert not set(data.fine.groups) & set(data.test.groups)
        assert (data.part == CALIBRATION).any()
    assert found.scores.n_images == len(tested) == sum(fold.n_images for fold in found.folds)


def test_pooled_figures_are_those_of_the_folds_together(made: Made) -> None:
    found, _ = made
    right = sum(fold.accuracy * fold.n_images for fold in found.folds)
    assert found.scores.accuracy == pytest.approx(right / found.scores.n_images)
    for fold in found.folds:
        metrics = json.loads((found.path / f"fold-{fold.number}" / "metrics.json").read_text())
        assert metrics["evaluation"]["labelled"]["accuracy"] == pytest.approx(fold.accuracy)
    band = found.intervals["accuracy"]
    assert band.low <= band.value == found.scores.accuracy <= band.high
    assert set(found.intervals) == {"accuracy", "parent_accuracy"}
    written = json.loads((found.path / "metrics.json").read_text())
    assert written["scores"]["accuracy"] == found.scores.accuracy
    assert "coverage" not in written["scores"]
    page = (found.path / "report.html").read_text()
    assert 'href="fold-2/report.html"' in page
    assert f"{100 * found.scores.accuracy:.1f} %" in page


def test_a_finished_cross_validation_is_taken_up_without_training(
    store: Path, short: TrainConfig, made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folds, "train", None)
    again = cross_validate(store, short, made[0].path, 2, resume=True)
    assert again.scores == made[0].scores
    assert folds_of(made[0].path) == 2
    assert folds_of(Path("nowhere")) is None
    with pytest.raises(TrainingError, match="exists already"):
        cross_validate(store, short, made[0].path, 2)


@dataclass
class Stopped(Exception):  # noqa: N818
    """A kill between two folds, or within one."""


def test_an_interrupted_fold_is_resumed_and_others_are_begun(
    store: Path, short: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []

    def train(
        store: Path, config: TrainConfig, path: Path, *, part: NDArray[np.int8], resume: bool, **told: Any
    ) -> Run:
        calls.append((path.name, resume, int((part == TEST).sum())))
        path.mkdir(exist_ok=True)
        (path / "config.toml").write_text("")
        raise Stopped

    monkeypatch.setattr(folds, "train", train)
    for resume in (False, True):
        with pytest.raises(Stopped):
            cross_validate(store, short, tmp_path / "run", 3, resume=resume)
    assert calls[0] == ("fold-1", False, calls[0][2])
    assert calls[1] == ("fold-1", True, calls[0][2])


def test_too_many_folds_leave_nothing_behind(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="--folds must lie in 2 … 60"):
        cross_validate(store, short, tmp_path / "run", 61)
    assert not (tmp_path / "run").exists()
