"""A linear layer and its gradient read one weight; a network of 2 GB is refused before any work."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import nn

from lsl_shared import Manifest, Task
from lsl_shared.errors import ExportError
from lsl_trainer.graphs.export import export_classifier, export_saliency
from lsl_trainer.networks.residual import Network

SIZE = (8, 8)
MANIFEST = Manifest(SIZE, (Task("t", ("a", "b")),))


def test_a_linear_layer_is_stored_once(tmp_path: Path) -> None:
    torch.manual_seed(0)
    body = nn.Sequential(nn.Flatten(), nn.Linear(192, 96), nn.GELU(), nn.Linear(96, 48, bias=False))
    network = Network(body, 48, 2).eval()
    export_saliency(network, MANIFEST, tmp_path / "saliency.onnx")
    stored = [tuple(tensor.dims) for tensor in onnx.load(tmp_path / "saliency.onnx").graph.initializer]
    assert [sorted(shape) for shape in stored].count([96, 192]) == 1
    assert [sorted(shape) for shape in stored].count([48, 96]) == 1
    images = np.random.default_rng(0).integers(0, 255, (3, *SIZE, 3)).astype(np.uint8)
    session = onnxruntime.InferenceSession(str(tmp_path / "saliency.onnx"))
    (found,) = session.run(["saliency"], {"image": images, "class_index": np.array([0, 1, 0])})
    pixels = (torch.from_numpy(images).permute(0, 3, 1, 2) / 255).requires_grad_()
    logits, _ = network(pixels)
    logits[[0, 1, 2], [0, 1, 0]].sum().backward()
    assert pixels.grad is not None
    np.testing.assert_allclose(found, pixels.grad.abs().amax(1), rtol=1e-4, atol=1e-7)


def test_two_gigabytes_are_refused_before_the_work(tmp_path: Path) -> None:
    with torch.device("meta"):
        network = Network(nn.Sequential(nn.Flatten(), nn.Linear(192, 2_900_000)), 2_900_000, 2)
    with pytest.raises(ExportError, match=r"has 2\.3 GB of weights, and a graph holds less than 2\.1 GB"):
        export_classifier(network, MANIFEST, tmp_path / "graph.onnx")
