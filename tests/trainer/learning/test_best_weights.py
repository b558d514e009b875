from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from lsl_shared import Store
from lsl_trainer import TrainConfig
from lsl_trainer.data.load import load_data
from lsl_trainer.data.split import TRAIN
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.best_weights import BestWeights


def test_the_best_weights_are_given_back() -> None:
    network = nn.Linear(1, 1)
    best = BestWeights(network)
    for weight, loss in [(1.0, 3.0), (2.0, 1.0), (3.0, 2.0), (4.0, 1.0)]:
        nn.init.constant_(network.weight, weight)
        best.take(network, loss)
    assert (best.loss, best.since) == (1.0, 2)
    again = BestWeights(network)
    again.restore(best.state())
    assert (again.loss, again.since) == (1.0, 2)
    again.give_to(network)
    assert network.weight.item() == 2.0


def test_training_ends_when_the_images_kept_aside_gain_nothing(store: Path, config: TrainConfig) -> None:
    """At a learning rate that changes nothing but noise, patience runs out after so many epochs."""
    chosen = config.having(method="data-level", patience=2, learning_rate=1e-9, coarse_epochs=30, fine_epochs=30)
    with Store(store) as opened:
        data = load_data(opened, chosen)
        groups = opened.groups()
    learnt = {data.coarse.rows.tobytes(), data.fine.rows.tobytes()}
    assert len(learnt) == 2
    assert not set(data.fine_aside.groups) & set(data.coarse.groups)
    assert not set(data.fine_aside.groups) & set(data.fine.groups)
    assert set(data.coarse_aside.groups) <= set(groups[data.part == TRAIN])
    training = TwoStepTraining(data, chosen)
    epochs, finished = [], []
    for epoch, _ in training.run(lambda count: None):
        epochs.append(epoch)
        finished.append(training.step_finished)
    for step in ("coarse", "fine"):
        losses = [epoch.loss_aside for epoch in epochs if epoch.step == step and epoch.loss_aside is not None]
        assert len(losses) == sum(epoch.step == step for epoch in epochs) < 30
        assert np.argmin(losses) == len(losses) - 3
    assert sum(finished) == 2
    logits = training.network(torch.zeros(1, 3, 36, 48))[0]
    assert logits.isfinite().all()


def test_the_weights_are_those_of_the_least_loss(store: Path, config: TrainConfig) -> None:
    chosen = config.having(method="plain", patience=3, fine_epochs=12)
    with Store(store) as opened:
        data = load_data(opened, chosen)
    training = TwoStepTraining(data, chosen)
    epochs = [epoch for epoch, _ in training.run(lambda count: None)]
    losses = [epoch.loss_aside for epoch in epochs if epoch.loss_aside is not None]
    loss_aside = training.planned[0].begin(training.network).loss_aside
    assert loss_aside is not None and loss_aside(training.network) == pytest.approx(min(losses), rel=1e-4)
    assert len(losses) == len(epochs)
