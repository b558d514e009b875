"""Training without doubtful labels."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest
from numpy.typing import NDArray

from lsl_shared import ConfigError, Store
from lsl_shared.files.out_of_fold import OutOfFold
from lsl_trainer import TrainConfig, train
from lsl_trainer.data.doubted import DoubtedStore
from lsl_trainer.data.load import load_data
from lsl_trainer.data.training_data import TrainingData
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.left_out import LeftOut
from lsl_trainer.learning.processes import one_process
from lsl_trainer.runs import robust
from lsl_trainer.runs.callbacks import Callbacks
from lsl_trainer.runs.run_folder import METRICS

WRONG = [6, 33, 63, 90, 126, 156]
"""Images with a fine label, of which that is made wrong; every third image has one."""


@pytest.fixture
def spoilt(store: Path, tmp_path: Path) -> Path:
    """A copy of the store with some wrong fine labels, each of another coarse class."""
    path = tmp_path / "spoilt.h5"
    shutil.copy2(store, path)
    with h5py.File(path, "r+") as file:
        labels = file["labels/corner"]
        for row in WRONG:
            assert labels[row] >= 0
            labels[row] = (labels[row] + 2) % 4
    return path


def sure(data: TrainingData, truth: NDArray[np.int16]) -> LeftOut:
    """What models would say that know the truth (N,), and are sure of it."""
    rows = data.learnt_rows
    logits = 8.0 * np.eye(5, dtype=np.float32)[truth[rows]]  # the last output is the childless coarse class
    return LeftOut(rows, data.folds, logits, np.zeros(len(rows), np.float32))


@pytest.fixture
def known(store: Path, monkeypatch: pytest.MonkeyPatch) -> NDArray[np.int16]:
    """The truth of all 300 images; models say it."""
    generator = np.random.default_rng(0)
    truth = np.where(generator.random(300) < 0.1, 4, generator.integers(0, 4, 300)).astype(np.int16)

    def leave_out(data: TrainingData, *settings: Any) -> LeftOut:
        return sure(data, truth)

    monkeypatch.setattr(robust, "leave_out", leave_out)
    return truth


def test_doubtful_labels_are_not_learnt_from(
    spoilt: Path, config: TrainConfig, known: NDArray[np.int16], tmp_path: Path
) -> None:
    asked = config.having(method="plain", robust=True)
    with Store(spoilt) as opened:
        data = load_data(opened, asked)
        ids = [str(one) for one in opened.ids]
    found = robust.without_doubtful(spoilt, data, asked, one_process(), tmp_path / "run", Callbacks())
    left, kept = set(data.fine.ids) - set(found.data.fine.ids), set(found.data.fine.ids)
    wrong = {ids[row] for row in WRONG} & set(data.fine.ids)
    assert len(wrong) >= 3 and left == wrong and len(kept) == len(data.fine) - len(wrong)
    np.testing.assert_array_equal(found.data.part, data.part)
    assert (found.answers.tasks["corner"].labels >= 0).sum() == len(data.fine)
    assert f"{len(wrong):,} of corner" in found.note


def test_a_doubted_store_leaves_the_file_as_it_is(store: Path) -> None:
    before = store.read_bytes()
    with Store(store) as whole, DoubtedStore(store, {"corner": np.array([0, 3])}) as doubted:
        labels, left = whole.labels("corner"), doubted.labels("corner")
        np.testing.assert_array_equal(whole.labels("side"), doubted.labels("side"))
    assert (left[[0, 3]] == -1).all()
    np.testing.assert_array_equal(np.delete(left, [0, 3]), np.delete(labels, [0, 3]))
    assert store.read_bytes() == before


def test_a_run_tells_what_it_did_not_learn_from(
    spoilt: Path, config: TrainConfig, known: NDArray[np.int16], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    finished: list[tuple[TwoStepTraining, OutOfFold]] = []

    def finish(
        training: TwoStepTraining, store: Path, out: Path, epochs: object, answers: OutOfFold, on_step: object
    ) -> None:
        finished.append((training, answers))
        (out / METRICS).write_text("{}", encoding="utf-8")

    monkeypatch.setattr("lsl_trainer.runs.training.leave_out", lambda data, *settings: sure(data, known))
    monkeypatch.setattr("lsl_trainer.runs.training.finish_run", finish)
    run = train(spoilt, config.having(method="plain", robust=True, fine_epochs=1), tmp_path / "runs" / "one")
    assert any(note.startswith("doubtful labels that nothing was learnt from") for note in run.notes)
    ((training, answers),) = finished
    labelled = int((answers.tasks["corner"].labels >= 0).sum())  # `lsl-store audit` finds them again
    assert labelled > len(training.data.fine) >= labelled - len(WRONG)


@pytest.mark.parametrize("settings", [{"patience": 2}, {"calibration": "split"}])
def test_what_does_not_go_with_it_is_told(config: TrainConfig, settings: dict[str, Any]) -> None:
    with pytest.raises(ConfigError, match="--robust leaves genes out in turn"):
        config.having(method="plain", robust=True, **settings)


def test_it_calibrates_on_all_genes_in_turn(config: TrainConfig) -> None:
    assert config.having(method="plain", robust=True).crossed and not config.having(method="plain").crossed
