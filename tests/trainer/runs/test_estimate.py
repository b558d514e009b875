from __future__ import annotations

from pathlib import Path

import torch

from lsl_shared import Store
from lsl_trainer import TrainConfig
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.runs.estimate import estimated_seconds


def test_the_estimate_of_the_time_leaves_the_training_as_it_was(store: Path, config: TrainConfig) -> None:
    """A seed gives the same weights by the command, which estimates, as by the API, which does not."""
    with Store(store) as opened:
        training = TwoStepTraining(load_data(opened, config), config)
    weights = {name: value.clone() for name, value in training.network.state_dict().items()}
    numbers = torch.get_rng_state()
    assert estimated_seconds(training) > 0
    assert torch.equal(torch.get_rng_state(), numbers), "the next head would start from other weights"
    assert all(torch.equal(value, weights[name]) for name, value in training.network.state_dict().items())
