from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from lsl_shared import Store, TrainingError
from lsl_trainer.comparing.outcomes import Outcome, answered, read_outcome, write_outcome, write_responses
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.settings.config import TrainConfig

OUTCOME = Outcome("plain", 3, "abc", ("i", "j"), (4, 5), (0, 1), (0, 0), 12, 0, 1.5, ("a note",))


def test_an_outcome_comes_back(tmp_path: Path) -> None:
    write_outcome(tmp_path / "plain.json", OUTCOME)
    assert read_outcome(tmp_path / "plain.json", "abc") == OUTCOME


def test_a_damaged_file_or_one_of_another_store_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "plain.json"
    write_outcome(path, OUTCOME)
    with pytest.raises(TrainingError, match=r"plain\.json: is of another store"):
        read_outcome(path, "other")
    for text in ("{", json.dumps({"row": "plain"}), "[]"):
        path.write_text(text)
        with pytest.raises(TrainingError, match=r"plain\.json: cannot be read"):
            read_outcome(path, "abc")


def test_answers_and_responses_are_of_the_test_images(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    with Store(store) as opened:
        data = load_data(opened, config.having(method="gabor"))
    training = TwoStepTraining(data, config.having(method="gabor"))
    for _ in training.run(lambda images: None):
        pass
    outcome = answered("gabor", training, 2.0)
    assert outcome.ids == tuple(data.test.ids)
    assert outcome.truth == tuple(data.test.labels)
    assert np.mean(np.equal(outcome.truth, outcome.predicted)) > 0.8
    assert (outcome.fine_images, outcome.coarse_images, outcome.seconds) == (len(data.fine), 0, 2.0)
    write_responses(tmp_path / "gabor.npz", training)
    with np.load(tmp_path / "gabor.npz") as kept:
        assert kept["responses"].shape == (2, 24, 36, 48)
        assert len(set(kept["labels"])) == 2
        assert any(np.array_equal(kept["images"][0], image) for image in data.test.images[data.test.rows])
