from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model
from lsl_shared import Store
from lsl_trainer import TrainConfig
from lsl_trainer.bundle.write import write_bundle
from lsl_trainer.data.load import load_data
from lsl_trainer.learning.algorithm import TwoStepTraining


def test_both_graphs_tell_how_far_an_image_lies_from_the_classes(
    store: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("lsl_trainer.bundle.scope.MIN_IMAGES", 5)
    with Store(store) as opened:
        data = load_data(opened, config)
    network = TwoStepTraining(data, config.having(method="plain")).network
    manifest, _ = write_bundle(network, data, config, tmp_path / "model")
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


def test_without_enough_calibration_images_no_scope_is_told(store: Path, config: TrainConfig, tmp_path: Path) -> None:
    with Store(store) as opened:
        data = load_data(opened, config)
    network = TwoStepTraining(data, config.having(method="plain")).network
    assert len(data.calibration) < 20
    manifest, _ = write_bundle(network, data, config, tmp_path / "model")
    assert manifest.scope_threshold is None
    assert "scope_distance" not in next(Model.load(tmp_path / "model").classify(data.test.images[data.test.rows]))
