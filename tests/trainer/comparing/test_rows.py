from __future__ import annotations

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from lsl_shared import ConfigError, Store
from lsl_trainer.comparing.rows import ROWS, check_rows, learnt, method_of
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.processes import one_process
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.config import TrainConfig


def learn(store: Path, config: TrainConfig, folder: Path, row: str) -> tuple[TwoStepTraining, list[tuple[str, int]]]:
    """The training of a row at its end, and the epochs that were learnt anew."""
    epochs: list[Epoch] = []
    with Store(store) as opened:
        data = load_data(opened, config.having(method=method_of(row)))
    return learnt(row, data, config, folder, one_process(), epochs.append), [
        (epoch.step, epoch.number) for epoch in epochs
    ]


def alone(store: Path, config: TrainConfig) -> dict[str, Tensor]:
    """The weights of a training that shares nothing."""
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    for _ in training.run(lambda images: None):
        pass
    return training.network.state_dict()


def equal(network: Network, weights: dict[str, Tensor]) -> bool:
    return all(torch.equal(value, weights[name]) for name, value in network.state_dict().items())


@pytest.fixture
def short(config: TrainConfig) -> TrainConfig:
    return config.having(coarse_epochs=2, fine_epochs=2, feature_epochs=2)


def test_rows_come_in_the_papers_order_whatever_was_asked_for() -> None:
    assert ROWS[:4] == ("gabor", "plain", "data-level", "feature-level")
    assert check_rows(["prototype", "plain"]) == ("plain", "prototype")
    assert check_rows([]) == tuple(row for row in ROWS if row != "linear"), "which needs a backbone"
    with pytest.raises(ConfigError, match="received 'best'"):
        check_rows(["plain", "best"])


def test_shared_steps_give_the_weights_of_separate_trainings(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    first, fresh = learn(store, short, tmp_path, "data-level")
    assert [step for step, _ in fresh] == ["coarse", "coarse", "fine", "fine"]
    assert equal(first.network, alone(store, short.having(method="data-level")))
    second, fresh = learn(store, short, tmp_path, "feature-level")
    assert fresh == [("feature", 1), ("feature", 2)], "step one is not learnt again"
    assert equal(second.network, alone(store, short.having(method="feature-level")))


def test_the_continued_control_differs_by_the_loss_alone(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    learn(store, short, tmp_path, "data-level")
    start = load_file(next(tmp_path.glob("coarse+fine-*")))
    continued, fresh = learn(store, short, tmp_path, "continued")
    two_step, _ = learn(store, short, tmp_path, "feature-level")
    assert fresh == [("feature", 1), ("feature", 2)]
    begun = {name.removeprefix("weights/"): value for name, value in start.items() if name.startswith("weights/")}
    assert not equal(continued.network, begun)
    assert not equal(continued.network, two_step.network.state_dict())


def test_the_continued_control_is_step_two_without_similarity(
    store: Path, short: TrainConfig, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lsl_trainer.losses import feature_level

    monkeypatch.setattr(feature_level, "similarity_loss", lambda features, *rest: 0 * features.sum())
    monkeypatch.setattr(feature_level, "_features", lambda network, *rest: None)
    continued, _ = learn(store, short, tmp_path, "continued")
    two_step, _ = learn(store, short, tmp_path, "feature-level")
    assert equal(continued.network, two_step.network.state_dict())


def test_the_prototype_control_rests_on_data_level_learning(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    first, _ = learn(store, short, tmp_path, "data-level")
    again, fresh = learn(store, short, tmp_path, "prototype")
    assert fresh == []
    assert equal(again.network, first.network.state_dict())


def test_other_labels_do_not_share(store: Path, short: TrainConfig, tmp_path: Path) -> None:
    learn(store, short, tmp_path, "plain")
    _, fresh = learn(store, short.having(fine_per_class=5), tmp_path, "plain")
    assert len(fresh) == 2
