from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from lightning_fabric import Fabric

from lsl_shared import Store
from lsl_trainer import Network, TrainConfig
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.epoch import Epoch
from lsl_trainer.learning.steps.step import Step


def prepared(store: Path, config: TrainConfig, **values: Any) -> TwoStepTraining:
    chosen = config.having(**values)
    with Store(store) as opened:
        return TwoStepTraining(load_data(opened, chosen), chosen)


@pytest.mark.parametrize(
    ("method", "steps"),
    [("plain", ["fine"]), ("data-level", ["coarse", "fine"]), ("feature-level", ["coarse", "fine", "feature"])],
)
def test_a_method_is_its_steps(store: Path, config: TrainConfig, method: str, steps: list[str]) -> None:
    training = prepared(store, config, method=method, coarse_epochs=1, fine_epochs=1, feature_epochs=1)
    counted: list[int] = []
    epochs = list(training.run(counted.append))
    assert [epoch.step for epoch, _ in epochs] == steps
    assert sum(counted) == training.total_images
    assert training.network.head.out_features == 4
    assert not training.network.training


def test_step_two_keeps_f_and_takes_a_new_g(store: Path, config: TrainConfig) -> None:
    training = prepared(store, config, method="data-level", coarse_epochs=1, fine_epochs=1)
    epochs = training.run(lambda count: None)
    next(epochs)
    body, head = training.network.body, training.network.head
    learnt = {name: value.clone() for name, value in body.state_dict().items()}
    assert head.out_features == 3
    next(epochs)
    assert training.network.body is body
    assert training.network.head.out_features == 4
    assert any(not torch.equal(value, learnt[name]) for name, value in body.state_dict().items()), "F learns on"


def test_the_squares_are_told_apart_by_the_whole_method(store: Path, config: TrainConfig) -> None:
    training = prepared(store, config)
    for _ in training.run(lambda count: None):
        pass
    test = training.data.test
    from lsl_trainer.learning.inference import logits_of

    predicted = logits_of(training.network, test.images, test.rows).argmax(1).numpy()
    assert np.mean(predicted == test.labels) > 0.8
    assert training.reference_sets is not None and training.reference_sets.shape == (10, 4)
    chosen = training.data.fine.labels[training.reference_sets.numpy()]
    assert np.array_equal(chosen, np.tile(np.arange(4), (10, 1))), "each reference is of its own class"


def test_each_step_learns_with_its_own_rate_and_flips(
    store: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    from lsl_trainer.learning import algorithm

    steps = {}

    class Noted:
        def __init__(self, network: Network, step: Step, config: TrainConfig, fabric: Fabric) -> None:
            steps[step.name] = (step.learning_rate, step.flip, step.seed)

        def epochs(self, on_images: Callable[[int], None]) -> Iterator[Epoch]:
            return iter(())

    monkeypatch.setattr(algorithm, "Learner", Noted)
    list(prepared(store, config, learning_rate=0.03, feature_learning_rate=0.002).run(lambda count: None))
    assert {name: step[:2] for name, step in steps.items()} == {
        "coarse": (0.03, True), "fine": (0.03, True), "feature": (0.002, False),
    }  # fmt: skip
    assert len({step[2] for step in steps.values()}) == 3, "each step draws for itself"
