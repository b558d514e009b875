from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray

from lsl_shared import Manifest, Task
from lsl_trainer.bundle.scope import Scope, fit_scope
from lsl_trainer.data.batch import Labelled
from lsl_trainer.graphs.export import export_classifier
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NetworkConfig


def network() -> Network:
    torch.manual_seed(0)
    return residual_network(NetworkConfig(widths=(4,), strides=(2,), pool=2), (12, 16), 3).eval()


def labelled(rows: NDArray[np.int64], labels: NDArray[np.int64]) -> Labelled:
    images = np.random.default_rng(0).integers(0, 256, (30, 12, 16, 3), dtype=np.uint8)
    return Labelled(images, rows, labels, np.arange(len(rows)), np.array([f"image{row}" for row in rows], dtype=object))


def features(data: Labelled) -> NDArray[np.float32]:
    pixels = torch.from_numpy(data.images[data.rows] / np.float32(255)).permute(0, 3, 1, 2)
    with torch.no_grad():
        return network().features(pixels).numpy()


def test_distance_worked_by_hand() -> None:
    scope = Scope(torch.tensor([[3.0, 0.0], [0.0, 0.5]]))  # lengths do not matter
    found = scope(torch.tensor([[2.0, 0.0], [1.0, 1.0], [-1.0, 0.0], [3.0, 4.0]]))
    np.testing.assert_allclose(found, [0, 1 - 0.5**0.5, 1, 1 - 0.8], atol=1e-6)


def test_prototypes_are_means_of_unit_features_and_the_threshold_is_a_quantile_of_held_out_images() -> None:
    data = labelled(np.array([5, 3, 1, 0, 2]), np.array([2, 0, 2, 0, -1]))
    held = labelled(np.arange(6, 26), np.arange(20) % 3)
    scope = fit_scope(network(), data, held)
    assert scope is not None
    learnt, kept = features(data), features(held)
    unit = learnt / np.linalg.norm(learnt, axis=1, keepdims=True)
    means = np.stack([unit[[1, 3]].mean(0), unit[[0, 2]].mean(0)])
    expected = means / np.linalg.norm(means, axis=1, keepdims=True)
    np.testing.assert_allclose(scope.prototypes, expected, atol=1e-6)
    np.testing.assert_allclose(scope(torch.from_numpy(learnt)), 1 - (unit @ expected.T).max(1), atol=1e-6)
    distances = 1 - (kept / np.linalg.norm(kept, axis=1, keepdims=True) @ expected.T).max(1)
    assert scope.threshold == pytest.approx(np.quantile(distances, 0.95), abs=1e-6)


def test_a_threshold_takes_twenty_images() -> None:
    data = labelled(np.arange(4), np.arange(4) % 2)
    assert fit_scope(network(), data, labelled(np.arange(6, 25), np.zeros(19, np.int64))) is None


def test_features_without_length_are_as_far_as_can_be_said() -> None:
    assert Scope(torch.tensor([[1.0, 0.0]]))(torch.zeros(1, 2)).tolist() == [1.0]


def test_opencv_4_can_run_it(tmp_path: Path) -> None:
    """Its importer refuses Expand with a shape that is computed."""
    manifest = Manifest((12, 16), (Task("stage", ("4", "5", "7")),))
    export_classifier(network(), manifest, tmp_path / "classifier.onnx", Scope(torch.ones(3, features_of_network())))
    nodes = onnx.load(tmp_path / "classifier.onnx").graph.node
    assert not {node.op_type for node in nodes} & {"Expand", "Shape"}


def features_of_network() -> int:
    return int(network().head.in_features)
