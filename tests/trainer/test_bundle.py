import numpy as np
import torch

from lsl_shared import Store
from lsl_trainer import bundle
from lsl_trainer.algorithm import TwoStepTraining
from lsl_trainer.data import load_data
from lsl_trainer.learn import logits_of


def test_temperature_and_threshold_come_from_the_calibration_images_alone(store, config, monkeypatch):
    with Store(store) as opened:
        data = load_data(opened, config)
        labels, pixels = opened.labels("corner"), opened.read(0, len(opened))
    held = np.flatnonzero((data.part == 1) & (labels >= 0))
    network = TwoStepTraining(data, config.having(method="plain"), torch.device("cpu")).network
    seen = {}
    monkeypatch.setattr(bundle, "fit_temperature", lambda *given: seen.setdefault("temperature", given) and 3.0)
    monkeypatch.setattr(bundle, "conformal_threshold", lambda *given: seen.setdefault("threshold", given) and 0.25)
    task = bundle._calibrated_task(network, data, config)
    assert (task.temperature, task.conformal_threshold) == (3.0, 0.25)
    logits = logits_of(network, pixels, held).numpy()
    assert np.allclose(seen["temperature"][0], logits, atol=1e-5)
    assert np.array_equal(seen["temperature"][1], labels[held])
    truth, probabilities, groups, _ = seen["threshold"]
    assert np.array_equal(truth, labels[held])
    assert np.allclose(probabilities, torch.tensor(logits / 3.0).softmax(1).numpy(), atol=1e-5)
    assert len(groups) == len(held)
