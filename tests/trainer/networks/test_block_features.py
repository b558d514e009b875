"""F on fixed features, of images enlarged on their way in: by hand, and as graphs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared import Manifest, Task
from lsl_trainer.graphs.export import export_classifier, export_saliency
from lsl_trainer.graphs.parity import verify_graphs
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.enlarged import Enlarged
from lsl_trainer.networks.residual import Network, block_maps, block_outputs
from lsl_trainer.networks.resized import Resized
from lsl_trainer.networks.trunk import PooledTrunk, Trunk

SIZE = (16, 20)


class Two(Trunk):
    """Two convolutions."""

    def __init__(self) -> None:
        super().__init__(["one", "two"])
        torch.manual_seed(0)
        self.blocks = nn.ModuleList(
            [nn.Sequential(nn.Conv2d(3, 4, 3, 2, 1), nn.ReLU()), nn.Sequential(nn.Conv2d(4, 6, 3, 2, 1), nn.ReLU())]
        )

    def maps(self, images: Tensor) -> list[Tensor]:
        first = self.blocks[0](images)
        return [first, self.blocks[1](first)]


def block_features(times: int, cells: int) -> BlockFeatures:
    return BlockFeatures(PooledTrunk(Enlarged(Two(), times), SIZE), block_outputs, (1, 2), SIZE, cells)


def test_images_are_enlarged_as_bilinear_resizing_does() -> None:
    class Seen(Trunk):
        def maps(self, images: Tensor) -> list[Tensor]:
            return [images]

    images = torch.rand(2, 3, *SIZE)
    found = Enlarged(Seen(["seen"]), 2).maps(images)[0]
    expected = F.interpolate(images, scale_factor=2, mode="bilinear")
    assert torch.allclose(found[:, :, 2:-2, 2:-2], expected[:, :, 2:-2, 2:-2], atol=1e-6)
    assert Enlarged(Seen(["seen"]), 4).maps(images)[0].shape == (2, 3, 64, 80)


@pytest.mark.parametrize("size", [(8, 12), (30, 33), (16, 20)])
def test_images_are_resized_as_the_library_does(size: tuple[int, int]) -> None:
    class Seen(Trunk):
        def maps(self, images: Tensor) -> list[Tensor]:
            return [images]

    images = torch.rand(2, 3, *SIZE, requires_grad=True)
    found = Resized(Seen(["seen"]), SIZE, size).outputs(images)[0].map
    torch.testing.assert_close(found, F.interpolate(images, size=size, mode="bilinear", antialias=True))
    found.sum().backward()
    assert images.grad is not None and (images.grad > 0).all(), "every pixel counts"


def test_features_are_means_of_cells_shifted_and_scaled() -> None:
    body, images = block_features(2, 20), torch.rand(3, 3, *SIZE)
    assert body.grids == ((4, 5), (4, 5)) and body.sizes == (80, 120)
    first, second = block_maps(body, images)
    assert torch.allclose(body(images)[:, 0], first[:, 0, :4, :4].mean((1, 2)), atol=1e-6)
    assert torch.allclose(body(images)[:, 80], second[:, 0, :2, :2].mean((1, 2)), atol=1e-6)
    before = body(images)
    body.set_scale(torch.ones(200), torch.full((200,), 2.0))
    assert torch.allclose(body(images), 2 * (before - 1), atol=1e-6)
    assert not any(parameter.requires_grad for parameter in body.parameters())


def test_graphs_answer_as_the_network_does(tmp_path: Path) -> None:
    body = block_features(2, 16)
    network = Network(body, sum(body.sizes), 3).eval()
    body.set_scale(torch.full((sum(body.sizes),), 0.1), torch.full((sum(body.sizes),), 3.0))
    manifest = Manifest(SIZE, (Task("sort", ("a", "b", "c")),))
    export_classifier(network, manifest, tmp_path / "classifier.onnx")
    export_saliency(network, manifest, tmp_path / "saliency.onnx")
    images = np.random.default_rng(0).integers(0, 256, (5, *SIZE, 3), dtype=np.uint8)
    found = verify_graphs(network, tmp_path / "classifier.onnx", tmp_path / "saliency.onnx", images, (1, 5))
    assert found.logits.graph_p90 < 1e-4 and found.features.graph_p90 < 1e-4
