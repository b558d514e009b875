"""The contributions graph against plain autograd."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from numpy.typing import NDArray
from torch import nn

from lsl_shared import Task
from lsl_shared.errors import ExportError
from lsl_trainer.graphs.export import export_classifier, export_contributions, export_saliency
from lsl_trainer.graphs.parity import verify_graphs
from lsl_trainer.networks.gabor import gabor_network
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.network import NetworkConfig
from tests.support.places import ROOT
from tests.trainer.graphs.test_export import (
    N_CLASSES,
    SHAPES,
    Joined,
    OneEach,
    manifest,
    operators,
    pictures,
    relative,
    session,
    settled_network,
)

Array = NDArray[np.floating]
Asked = dict[str, NDArray[np.generic]]


def question(n: int, size: tuple[int, int], classes: int = N_CLASSES) -> Asked:
    """Pictures between bytes, any direction, predicted and named classes, against none and against each."""
    generator = np.random.default_rng(3)
    return {
        "image": pictures(n, size) * np.float32(0.9) + generator.uniform(0, 20, (n, *size, 3)).astype(np.float32),
        "direction": generator.standard_normal((n, *size, 3)).astype(np.float32),
        "class_index": np.arange(n) % (classes + 1) - 1,
        "against_index": np.arange(n) * 5 % (classes + 1) - 1,
    }


def autograd(network: nn.Module, asked: Asked, n_first: int, dtype: torch.dtype) -> tuple[Array, Array]:
    """The truth, image by image: backward from one difference, no code of the project. Contributions and logits."""
    network, found, logits = deepcopy(network).to(dtype), [], []
    for image, direction, index, against in zip(*asked.values(), strict=True):
        pixels = (torch.from_numpy(image).to(dtype) / 255).permute(2, 0, 1)[None].contiguous().requires_grad_()
        (answer,), _ = network(pixels)
        wanted = answer[answer[:n_first].argmax() if index < 0 else index]
        (wanted if against < 0 else wanted - answer[against]).backward()
        assert pixels.grad is not None
        found.append((pixels.grad[0].permute(1, 2, 0).numpy() * direction).sum(2))
        logits.append(answer.detach().numpy())
    return np.stack(found), np.stack(logits)


def run(path: Path, asked: Asked, batch: int) -> tuple[Array, Array]:
    graph, count = session(path), len(asked["image"])
    parts = [
        graph.run(None, {name: values[start : start + batch] for name, values in asked.items()})
        for start in range(0, count, batch)
    ]
    contributions, logits = (np.concatenate(part) for part in zip(*parts, strict=True))
    return contributions, logits


class Exported:
    """A network, its graph, and what float64 and float32 autograd say of 32 images."""

    def __init__(self, name: str, folder: Path) -> None:
        config, self.size = SHAPES[name]
        self.network, self.path = settled_network(config, self.size), folder / "contributions.onnx"
        export_contributions(self.network, manifest(self.size), self.path)
        self.asked = question(32, self.size)
        self.exact = autograd(self.network, self.asked, N_CLASSES, torch.float64)
        self.usual = autograd(self.network, self.asked, N_CLASSES, torch.float32)


@pytest.fixture(scope="module", params=SHAPES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return Exported(request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("batch", [1, 8])
def test_it_errs_no_more_than_twice_float32_pytorch(exported: Exported, batch: int) -> None:
    """By the rule of `parity`: with a floor of 1e-6."""
    for found, exact, usual in zip(
        run(exported.path, exported.asked, batch), exported.exact, exported.usual, strict=True
    ):
        error, own = relative(found, exact), relative(usual, exact)
        assert (exact < 0).any() and (exact > 0).any()
        for quantile in (0.5, 0.9):
            assert np.quantile(error, quantile) <= max(2 * np.quantile(own, quantile), 1e-6), quantile


def test_its_inputs_and_outputs_are_those_told(exported: Exported) -> None:
    graph, (height, width) = session(exported.path), exported.size
    picture = ["batch", height, width, 3]
    assert [(one.name, one.type, one.shape) for one in graph.get_inputs()] == [
        ("image", "tensor(float)", picture), ("direction", "tensor(float)", picture),
        ("class_index", "tensor(int64)", ["batch"]), ("against_index", "tensor(int64)", ["batch"]),
    ]  # fmt: skip
    assert [(one.name, one.type, one.shape[1:]) for one in graph.get_outputs()] == [
        ("contributions", "tensor(float)", [height, width]), ("logits", "tensor(float)", [N_CLASSES]),
    ]  # fmt: skip


def test_it_carries_the_manifest_and_nothing_of_this_machine(exported: Exported) -> None:
    model = onnx.load(exported.path, load_external_data=False)
    assert {entry.key: entry.value for entry in model.metadata_props} == {"lsl": manifest(exported.size).to_json()}
    assert not any(tensor.external_data for tensor in model.graph.initializer)
    assert str(ROOT).encode() not in exported.path.read_bytes()
    assert b"site-packages" not in exported.path.read_bytes()


def test_one_backward_pass_serves_both_classes(exported: Exported, tmp_path: Path) -> None:
    """As many convolutions as the saliency graph has."""
    export_saliency(exported.network, manifest(exported.size), tmp_path / "saliency.onnx")
    counts = [
        sum(node.op_type == "Conv" for node in onnx.load(path).graph.node)
        for path in (exported.path, tmp_path / "saliency.onnx")
    ]
    assert counts[0] == counts[1]


def test_a_class_against_another_is_the_difference_of_both(exported: Exported) -> None:
    asked = {name: values[:4] for name, values in exported.asked.items()} | {"class_index": np.array([3, 4, 5, 6])}
    none, other = np.full(4, -1), np.array([0, 1, 2, 3])
    both = [
        run(exported.path, asked | indices, 4)[0]
        for indices in (
            {"against_index": other}, {"against_index": none}, {"class_index": other, "against_index": none}
        )
    ]  # fmt: skip
    assert (relative(both[0], both[1] - both[2]) < 1e-5).all()


def test_classes_of_every_task_share_one_index(tmp_path: Path) -> None:
    size = (37, 51)  # no stride divides it
    network = settled_network(NetworkConfig(widths=(8, 16), strides=(2, 2), pooled_shortcut=True, pool=2), size, 5)
    tasks = Task("sort", ("a", "b")), Task("parts", ("x", "y", "z"), kind="terms", temperature=0.5)
    export_contributions(network, manifest(size, *tasks), tmp_path / "contributions.onnx")
    asked = question(6, size, classes=5) | {"against_index": np.array([-1, 2, 3, 4, -1, 0])}
    for found, exact in zip(
        run(tmp_path / "contributions.onnx", asked, 6), autograd(network, asked, 2, torch.float64), strict=True
    ):
        assert (relative(found, exact) < 1e-4).all()


@pytest.mark.parametrize("name", ["gelu", "gabor"])
def test_a_network_without_kinks_is_right_in_every_image(tmp_path: Path, name: str) -> None:
    size = (32, 48)
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.GELU(),
        Joined(torch.add, nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.GELU()), nn.Conv2d(16, 32, 1, 2)),
        nn.GroupNorm(4, 32),
        nn.GELU(),
        nn.AvgPool2d(4),
        nn.Flatten(),
    )
    network = Network(body, 32 * 2 * 3, N_CLASSES) if name == "gelu" else gabor_network(size, N_CLASSES)
    export_contributions(network.eval(), manifest(size), tmp_path / "contributions.onnx")
    asked = question(16, size)
    for batch in (1, 16):
        found, _ = run(tmp_path / "contributions.onnx", asked, batch)
        exact, _ = autograd(network, asked, N_CLASSES, torch.float64)
        assert (relative(found, exact) < 2e-5).all()


def test_every_operator_has_the_gradient_of_autograd(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network, size = OneEach().eval(), (20, 22)
    export_contributions(network, manifest(size, Task("operator", tuple(operators()))), tmp_path / "contributions.onnx")
    count = len(operators())
    asked = question(count, size, count) | {"class_index": np.arange(count), "against_index": np.full(count, -1)}
    found, _ = run(tmp_path / "contributions.onnx", asked, 8)
    exact, _ = autograd(network, asked, count, torch.float64)
    wrong = [name for name, error in zip(operators(), relative(found, exact), strict=True) if not error < 5e-6]
    assert wrong == []


def test_classes_and_outputs_must_be_as_many(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=r"has 3 outputs.*have 14 classes"):
        export_contributions(Network(nn.Flatten(), 3 * 20 * 22, 3), manifest((20, 22)), tmp_path / "graph.onnx")


def test_parity_holds_it_to_the_network(tmp_path: Path) -> None:
    size = (40, 52)
    network = settled_network(NetworkConfig(widths=(8, 16), strides=(1, 2), pool=2), size)
    classifier, saliency, contributions = (tmp_path / f"{name}.onnx" for name in ("first", "second", "third"))
    export_classifier(network, manifest(size), classifier)
    export_saliency(network, manifest(size), saliency)
    export_contributions(network, manifest(size), contributions)
    images = pictures(16, size)
    assert verify_graphs(network, classifier, saliency, images).contributions is None
    agreement = verify_graphs(network, classifier, saliency, images, (1, 5), contributions).contributions
    assert agreement is not None and 0 < agreement.graph_median < 1e-6
    other = settled_network(NetworkConfig(widths=(8, 16), strides=(1, 2), pool=2), size)
    with torch.no_grad():
        next(other.parameters()).mul_(1.01)
    export_contributions(other, manifest(size), contributions)
    with pytest.raises(ExportError, match=r"differ from the network: .*contributions, median of the relative error"):
        verify_graphs(network, classifier, saliency, images, (1, 5), contributions)
