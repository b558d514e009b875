import numpy as np
import pytest
import torch

from lsl_runtime import Model
from lsl_shared import Store
from lsl_trainer.bundle import write as bundle
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining
from lsl_trainer.learning.inference import logits_of


def test_temperature_and_threshold_come_from_the_calibration_images_alone(store, config, monkeypatch):
    with Store(store) as opened:
        data = load_data(opened, config)
        labels, pixels = opened.labels("corner"), opened.read(0, len(opened))
    held = np.flatnonzero((data.part == 1) & (labels >= 0))
    network = TwoStepTraining(data, config.having(method="plain")).network
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


def test_both_graphs_tell_how_far_an_image_lies_from_the_classes(store, config, monkeypatch, tmp_path):
    monkeypatch.setattr("lsl_trainer.bundle.scope.MIN_IMAGES", 5)
    with Store(store) as opened:
        data = load_data(opened, config)
    network = TwoStepTraining(data, config.having(method="plain")).network
    manifest, _ = bundle.write_bundle(network, data, config, tmp_path / "model")
    model = Model.load(tmp_path / "model")
    trained = np.concatenate([batch["features"] for batch in model.classify(data.fine.images[data.fine.rows])])
    held = next(model.classify(data.calibration.images[data.calibration.rows]))
    unit = trained / np.linalg.norm(trained, axis=1, keepdims=True)
    means = np.stack([unit[data.fine.labels == label].mean(0) for label in range(4)])
    means /= np.linalg.norm(means, axis=1, keepdims=True)
    features = held["features"] / np.linalg.norm(held["features"], axis=1, keepdims=True)
    expected = 1 - (features @ means.T).max(1)
    assert np.allclose(held["scope_distance"], expected, atol=1e-5)
    explained = next(model.explain(data.calibration.images[data.calibration.rows]))
    assert np.allclose(explained["scope_distance"], expected, atol=1e-5)
    assert manifest.scope_threshold == pytest.approx(np.quantile(expected, 0.95), abs=1e-5)
    assert model.manifest.scope_threshold == manifest.scope_threshold


def test_without_enough_calibration_images_no_scope_is_told(store, config):
    with Store(store) as opened:
        data = load_data(opened, config)
    network = TwoStepTraining(data, config.having(method="plain")).network
    assert len(data.calibration) < 20
    assert bundle._scope(network, data) == (None, None)
