from __future__ import annotations

import numpy as np
import pytest
import torch

from lsl_trainer.bundle.scope import Scope, fit_scope, scope_threshold
from lsl_trainer.data.batch import Labelled
from lsl_trainer.networks.residual import residual_network
from lsl_trainer.settings.network import NetworkConfig


def test_distance_worked_by_hand() -> None:
    scope = Scope(torch.tensor([[3.0, 0.0], [0.0, 0.5]]))  # lengths do not matter
    found = scope(torch.tensor([[2.0, 0.0], [1.0, 1.0], [-1.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(found, [0, 1 - 0.5**0.5, 1, 1 - 0.8], atol=1e-6)


def test_prototypes_are_means_of_unit_features() -> None:
    torch.manual_seed(0)
    network = residual_network(NetworkConfig(widths=(4,), strides=(2,), pool=2), (12, 16), 3).eval()
    images = np.random.default_rng(0).integers(0, 256, (6, 12, 16, 3), dtype=np.uint8)
    rows, labels = np.array([5, 3, 1, 0, 2]), np.array([2, 0, 2, 0, -1])
    data = Labelled(images, rows, labels, np.arange(5), np.array(list("abcde"), dtype=object))
    scope = fit_scope(network, data)
    with torch.no_grad():
        features = network.features(torch.from_numpy(images[rows] / np.float32(255)).permute(0, 3, 1, 2)).numpy()
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    means = np.stack([unit[[1, 3]].mean(0), unit[[0, 2]].mean(0)])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(scope.prototypes, expected, atol=1e-6)
    np.testing.assert_allclose(scope(torch.from_numpy(features)), 1 - (unit @ expected.T).max(1), atol=1e-6)


def test_threshold() -> None:
    distances = np.arange(101) / 100
    assert scope_threshold(distances) == pytest.approx(0.95)
    assert scope_threshold(distances[:19]) is None
