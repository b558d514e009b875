from __future__ import annotations

import dataclasses
import json

import pytest

from lsl_shared import ConfigError
from lsl_trainer.settings.config import TrainConfig
from lsl_trainer.settings.presets import PRESETS, preset


def test_the_paper_preset_is_the_paper() -> None:
    paper = preset("paper")
    assert paper.network.widths == (64, 128, 256, 512)
    assert (paper.descent.batch_size, paper.descent.learning_rate) == (16, 0.001)
    assert (paper.references.threshold, paper.references.reference_sets) == (0.5, 100)
    assert [share * paper.epochs.fine_epochs for share in paper.descent.milestones] == [20, 30]
    assert (paper.method, paper.references.reference_draw, paper.references.similarity_temperature) == (
        "feature-level",
        "sample",
        1.0,
    )


def test_given_values_replace_those_of_the_preset_and_none_does_not() -> None:
    config = preset("tiny").having(seed=7, batch_size=None)
    assert config.seed == 7
    assert config.descent.batch_size == PRESETS["tiny"].descent.batch_size


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("batch_size", 1, "--batch-size must be at least 2, received 1"),
        ("threshold", 1.5, "--threshold must lie in 0 … 1, received 1.5"),
        ("method", "magic", "--method must be one of auto, plain, data-level, feature-level, gabor, coarse-c"),
        ("learning_rate", float("nan"), "--learning-rate must be at least 1e-12, received nan"),
        ("milestones", (0.9, 0.2), "--milestones must be two increasing shares"),
    ],
)
def test_a_bad_value_names_its_flag(field: str, value: object, said: str) -> None:
    with pytest.raises(ConfigError) as error:
        TrainConfig(**{field: value})
    assert said in str(error.value)


def test_unknown_names_are_told() -> None:
    with pytest.raises(ConfigError, match="no such setting: colour"):
        preset("tiny").having(colour=1)
    with pytest.raises(ConfigError, match="--preset must be one of paper, tiny"):
        preset("huge")


def test_settings_become_json_and_stay_frozen() -> None:
    config = preset("tiny")
    assert json.loads(json.dumps(config.to_dict()))["network"]["widths"] == list(PRESETS["tiny"].network.widths)
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.seed = 3  # type: ignore[misc]
