from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from lsl_shared import Store
from lsl_trainer import TrainConfig
from lsl_trainer.bundle.manifest import calibrated_tasks
from lsl_trainer.bundle.network_answers import ask_network
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of
from lsl_trainer.tasks import classes


def test_temperature_and_threshold_come_from_the_calibration_images_alone(
    store: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(store) as opened:
        data = load_data(opened, config)
        labels, pixels = opened.labels("corner"), opened.read(0, len(opened))
    held = np.flatnonzero((data.part == 1) & (labels >= 0))
    network = TwoStepTraining(data, config.having(method="plain")).network
    seen: dict[str, Any] = {}
    monkeypatch.setattr(classes, "fit_temperature", lambda *given: seen.setdefault("temperature", given) and 3.0)
    monkeypatch.setattr(classes, "conformal_threshold", lambda *given: seen.setdefault("threshold", given) and 0.25)
    (task,) = calibrated_tasks(ask_network(network, data), data, config)
    assert (task.temperature, task.conformal_threshold) == (3.0, 0.25)
    logits = logits_of(network, pixels, held).numpy()
    assert np.allclose(seen["temperature"][0], logits, atol=1e-5)
    assert np.array_equal(seen["temperature"][1], labels[held])
    truth, probabilities, groups, coverage = seen["threshold"]
    assert np.array_equal(truth, labels[held])
    assert np.allclose(probabilities, torch.tensor(logits / 3.0).softmax(1).numpy(), atol=1e-5)
    assert len(groups) == len(held) and coverage == 0.9
