from __future__ import annotations

import logging
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared import Manifest, Task
from lsl_shared.errors import ExportError
from lsl_trainer.graphs.export import export_classifier, export_saliency
from lsl_trainer.networks.gabor import gabor_network
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NETWORKS, NetworkConfig
from tests.support.places import ROOT

SHAPES = {
    "tiny": (NETWORKS["tiny"], (128, 320)),
    "paper-shaped": (NetworkConfig(widths=(8, 16, 32, 64)), (64, 160)),
}
N_CLASSES, TEMPERATURE = 14, 1.7
Answers = dict[str, np.ndarray]


def manifest(size: tuple[int, int], *tasks: Task) -> Manifest:
    return Manifest(size, tasks or (Task("stage", tuple(map(str, range(4, 18))), temperature=TEMPERATURE),))


def pictures(n: int, size: tuple[int, int]) -> np.ndarray:
    """Smooth blobs with grain, uint8 (n, H, W, 3)."""
    generator = torch.Generator().manual_seed(1)
    blobs = F.interpolate(torch.rand(n, 3, 6, 12, generator=generator), size, mode="bicubic")
    grain = 0.1 * torch.rand(n, 3, *size, generator=generator)
    return ((blobs * 0.8 + grain).clamp(0, 1) * 255).byte().permute(0, 2, 3, 1).numpy()


def settled_network(config: NetworkConfig, size: tuple[int, int], n_classes: int = N_CLASSES) -> Network:
    """Batch normalization with running statistics of real data, and factors of both signs."""
    torch.manual_seed(0)
    network = residual_network(config, size, n_classes).train()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    images = torch.from_numpy(pictures(8, size)).permute(0, 3, 1, 2) / 255
    with torch.no_grad():
        for _ in range(10):
            network(images)
    return network.eval()


def session(path: Path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def run(graph: onnxruntime.InferenceSession, images: np.ndarray, index: np.ndarray | None = None) -> Answers:
    feed = {"image": images} | ({} if index is None else {"class_index": index})
    return dict(zip([output.name for output in graph.get_outputs()], graph.run(None, feed), strict=True))


def run_batched(graph: onnxruntime.InferenceSession, images: np.ndarray, index: np.ndarray, batch: int) -> Answers:
    parts = [run(graph, images[i : i + batch], index[i : i + batch]) for i in range(0, len(images), batch)]
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def autograd(network: nn.Module, images: np.ndarray, index: np.ndarray, dtype: torch.dtype) -> Answers:
    """The truth, image by image: backward from one logit, no code of the project."""
    network = deepcopy(network).to(dtype)
    answers: dict[str, list[np.ndarray]] = {"logits": [], "features": [], "saliency": []}
    for image, wanted in zip(images, index, strict=True):
        pixels = (torch.from_numpy(image).to(dtype) / 255).permute(2, 0, 1)[None].contiguous().requires_grad_()
        logits, features = network(pixels)
        logits[0, logits[0].argmax() if wanted < 0 else wanted].backward()
        assert pixels.grad is not None
        answers["logits"].append(logits.detach()[0].numpy())
        answers["features"].append(features.detach()[0].numpy())
        answers["saliency"].append(pixels.grad[0].abs().amax(0).numpy())
    return {name: np.stack(values) for name, values in answers.items()}


def relative(value: np.ndarray, exact: np.ndarray) -> np.ndarray:
    flat = (x.reshape(len(x), -1) for x in (value - exact, exact))
    difference, size = (np.linalg.norm(x, axis=1) for x in flat)
    return np.asarray(difference / size)


class Exported:
    """A network, its two graphs, and what float64 and float32 autograd say of 32 images."""

    def __init__(self, name: str, folder: Path) -> None:
        config, self.size = SHAPES[name]
        self.network = settled_network(config, self.size)
        self.paths = folder / "classifier.onnx", folder / "saliency.onnx"
        export_classifier(self.network, manifest(self.size), self.paths[0])
        export_saliency(self.network, manifest(self.size), self.paths[1])
        self.classifier, self.saliency = map(session, self.paths)
        self.images, self.index = pictures(32, self.size), np.arange(32) % (N_CLASSES + 1) - 1
        self.exact = autograd(self.network, self.images, self.index, torch.float64)
        self.usual = autograd(self.network, self.images, self.index, torch.float32)


@pytest.fixture(scope="module", params=SHAPES)
def exported(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Exported:
    return Exported(request.param, tmp_path_factory.mktemp(request.param))


@pytest.mark.parametrize("batch", [1, 3, 16])
def test_graphs_err_no_more_than_twice_float32_pytorch(exported: Exported, batch: int) -> None:
    answers = run_batched(exported.saliency, exported.images, exported.index, batch)
    for name in ("logits", "features", "saliency"):
        error, own = (relative(values[name], exported.exact[name]) for values in (answers, exported.usual))
        for quantile in (0.5, 0.9):
            assert np.quantile(error, quantile) <= max(2 * np.quantile(own, quantile), 1e-6), (name, quantile)


def test_classifier_gives_what_the_saliency_graph_gives(exported: Exported) -> None:
    short, full = (
        run(exported.classifier, exported.images[:5]),
        run(exported.saliency, exported.images[:5], -np.ones(5, int)),
    )
    assert set(short) == {"logits", "probabilities", "features"}
    assert set(full) == {*short, "saliency"}
    for name, value in short.items():
        np.testing.assert_allclose(value, full[name], rtol=1e-4, atol=1e-5)
    assert full["saliency"].shape == (5, *exported.size)
    assert full["saliency"].dtype == np.float32


def test_image_alone_equals_that_image_in_a_batch(exported: Exported) -> None:
    together = run(exported.saliency, exported.images[:7], exported.index[:7])
    for i in range(7):
        alone = run(exported.saliency, exported.images[i : i + 1], exported.index[i : i + 1])
        for name, value in alone.items():
            assert relative(value, together[name][i : i + 1])[0] < 1e-5, name


def test_images_and_classes_have_their_own_maps(exported: Exported) -> None:
    images = exported.images[[0, 0, 1]]
    maps = run(exported.saliency, images, np.array([2, 3, 2]))["saliency"]
    assert relative(maps[:1], maps[1:2])[0] > 0.1
    assert relative(maps[:1], maps[2:])[0] > 0.1


def test_minus_one_asks_for_the_predicted_class(exported: Exported) -> None:
    images = exported.images[:6]
    implicit = run(exported.saliency, images, np.full(6, -1))
    explicit = run(exported.saliency, images, implicit["logits"].argmax(1))
    np.testing.assert_array_equal(implicit["saliency"], explicit["saliency"])


def test_probabilities_have_the_calibrated_temperature(exported: Exported) -> None:
    answers = run(exported.classifier, exported.images[:4])
    scaled = np.exp(answers["logits"] / TEMPERATURE)
    np.testing.assert_allclose(answers["probabilities"], scaled / scaled.sum(1, keepdims=True), rtol=1e-5)


def test_graphs_carry_the_manifest_and_nothing_of_this_machine(exported: Exported) -> None:
    for path in exported.paths:
        model = onnx.load(path, load_external_data=False)
        assert {entry.key: entry.value for entry in model.metadata_props} == {"lsl": manifest(exported.size).to_json()}
        assert not any(tensor.external_data for tensor in model.graph.initializer)
        assert model.graph.input[0].type.tensor_type.shape.dim[0].dim_param == "batch"
        assert str(ROOT).encode() not in path.read_bytes()
        assert b"site-packages" not in path.read_bytes()
    assert sorted(p.name for p in exported.paths[0].parent.iterdir()) == ["classifier.onnx", "saliency.onnx"]


def test_nothing_is_computed_at_run_time_that_is_known_at_export(exported: Exported) -> None:
    operators = {node.op_type for node in onnx.load(exported.paths[1]).graph.node}
    assert not operators & {"BatchNormalization", "ReverseSequence", "Slice", "Gather", "ScatterElements"}
    kernels = [node.input[1] for node in onnx.load(exported.paths[1]).graph.node if node.op_type == "Conv"]
    assert set(kernels) <= {tensor.name for tensor in onnx.load(exported.paths[1]).graph.initializer}


def test_steps_say_where_they_begin_in_a_number_that_openvino_keeps(exported: Exported) -> None:
    """OpenVINO takes an explicit 0.0 for an absent attribute, and computes with 0.5."""
    steps = [node for node in onnx.load(exported.paths[1]).graph.node if node.op_type == "HardSigmoid"]
    begin = [entry.f for node in steps for entry in node.attribute if entry.name == "beta"]
    assert steps and len(begin) == len(steps) and 0.0 not in begin


def test_openvino_makes_the_same_maps(exported: Exported) -> None:
    openvino = pytest.importorskip("openvino")
    inputs = {"image": exported.images[:4], "class_index": exported.index[:4]}
    found = openvino.Core().compile_model(exported.paths[1], "CPU")(inputs)
    ours = run(exported.saliency, exported.images[:4], exported.index[:4])["saliency"]
    assert np.median(relative(np.asarray(found["saliency"]), ours)) < 1e-4


def test_several_tasks_share_one_class_index(tmp_path: Path) -> None:
    size = (37, 51)  # no stride divides it
    config = NetworkConfig(widths=(8, 16), strides=(2, 2), pooled_shortcut=True, pool=2)
    network = settled_network(config, size, n_classes=5)
    tasks = Task("sort", ("a", "b"), temperature=2.0), Task("parts", ("x", "y", "z"), kind="terms", temperature=0.5)
    export_saliency(network, manifest(size, *tasks), tmp_path / "saliency.onnx")
    images, index = pictures(6, size), np.array([-1, 0, 1, 2, 3, 4])
    answers = run(session(tmp_path / "saliency.onnx"), images, index)
    truth = autograd(network, images, index, torch.float64)
    predicted = answers["logits"].argmax(1)
    first = autograd(network, images[:1], predicted[:1], torch.float64)
    np.testing.assert_allclose(answers["logits"], truth["logits"][:, :2], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(answers["logits_parts"], truth["logits"][:, 2:], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(
        answers["probabilities_parts"], 1 / (1 + np.exp(-answers["logits_parts"] / 0.5)), rtol=1e-5
    )
    assert relative(answers["saliency"][:1], first["saliency"])[0] < 1e-4
    assert (relative(answers["saliency"][1:], truth["saliency"][1:]) < 1e-4).all()


class Joined(nn.Module):
    """Several modules beside one another, combined by a function."""

    def __init__(self, function: Callable[..., Tensor], *parts: nn.Module) -> None:
        super().__init__()
        self.function, self.parts = function, nn.ModuleList(parts)

    def forward(self, x: Tensor) -> Tensor:
        return self.function(*(part(x) for part in self.parts))


def convolution(width: int = 4) -> nn.Conv2d:
    return nn.Conv2d(3, width, 3, padding=1)


def operators() -> dict[str, nn.Module]:
    gate = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Conv2d(3, 4, 1), nn.Sigmoid())
    magnitude = Joined(lambda even, odd: (even**2 + odd**2 + 1e-4).sqrt(), convolution(), convolution())
    after = {
        "relu": nn.ReLU(),
        "relu in place": nn.ReLU(inplace=True),
        "silu": nn.SiLU(),
        "gelu": nn.GELU(),
        "sigmoid": nn.Sigmoid(),
        "max pooling": nn.MaxPool2d(2),
        "overlapping max pooling": nn.MaxPool2d(3, 2, 1),
        "average pooling": nn.AvgPool2d(4),
        "overlapping average pooling": nn.AvgPool2d(3, 2, 1),
        "global average pooling": nn.AdaptiveAvgPool2d(1),
        "adaptive average pooling": nn.AdaptiveAvgPool2d((3, 5)),
        "group normalization": nn.GroupNorm(2, 4),
        "linear": nn.Sequential(nn.Flatten(), nn.Linear(4 * 20 * 22, 7)),
        "grouped convolution": nn.Conv2d(4, 8, 3, 2, 1, groups=2),
        "depthwise convolution": nn.Conv2d(4, 4, 3, padding=1, groups=4),
        "transposed convolution": nn.ConvTranspose2d(4, 2, 2, 2),
    }
    after_many = {
        "strided convolution of many channels": nn.Conv2d(16, 5, 3, 2, 1),
        "strided depthwise convolution": nn.Conv2d(16, 16, 3, 2, 1, groups=16),
        "strided convolution of one pixel": nn.Conv2d(16, 5, 1, 2),
        "strides of rows alone": nn.Conv2d(16, 5, (4, 3), (3, 1), 1),
        "strided residual block": Joined(
            torch.add,
            nn.Sequential(nn.Conv2d(16, 6, 3, 2, 1), nn.ReLU(), nn.Conv2d(6, 6, 3, padding=1)),
            nn.Conv2d(16, 6, 1, 2),
        ),
        "residual block that averages": Joined(
            torch.add,
            nn.Sequential(nn.Conv2d(16, 6, 4, 2, 1), nn.ReLU()),
            nn.Sequential(nn.AvgPool2d(2), nn.Conv2d(16, 6, 1)),
        ),
    }
    return {
        **{name: nn.Sequential(convolution(), module) for name, module in after.items()},
        **{name: nn.Sequential(convolution(16), module) for name, module in after_many.items()},
        "batch normalization after": nn.Sequential(convolution(), nn.BatchNorm2d(4)),
        "convolution of stride 2": nn.Conv2d(3, 4, 3, 2, 1),
        "convolution of stride 4": nn.Conv2d(3, 4, 5, 4, 2),
        "dilated convolution": nn.Conv2d(3, 4, 3, padding=2, dilation=2),
        "batch normalization before": nn.Sequential(nn.BatchNorm2d(3), convolution()),
        "residual addition": Joined(torch.add, convolution(), nn.Sequential(convolution(), nn.ReLU())),
        "concatenation": Joined(
            lambda *parts: torch.cat(parts, 1), convolution(2), nn.Sequential(convolution(), nn.ReLU())
        ),
        "squeeze-excite": Joined(torch.mul, convolution(), gate),
        "magnitude": magnitude,
    }


class OneEach(nn.Module):
    """Class k's logit depends on the k-th operator alone, so that one export tests each of them."""

    def __init__(self) -> None:
        super().__init__()
        self.branches = nn.ModuleList(nn.Sequential(branch, nn.Flatten()) for branch in operators().values())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        logits = torch.stack(
            [(y * torch.linspace(-1, 1, y.shape[1]).to(y)).sum(1) for y in (b(x) for b in self.branches)], 1
        )
        return logits, x.mean((2, 3))


@pytest.fixture(scope="module")
def one_each(tmp_path_factory: pytest.TempPathFactory) -> tuple[nn.Module, Any]:
    torch.manual_seed(0)
    network, path = OneEach().eval(), tmp_path_factory.mktemp("operators") / "saliency.onnx"
    export_saliency(network, manifest((20, 22), Task("operator", tuple(operators()))), path)
    return network, session(path)


@pytest.mark.parametrize("name", operators())
def test_operator_has_the_gradient_of_autograd(one_each: tuple[nn.Module, Any], name: str) -> None:
    network, graph = one_each
    images, index = pictures(5, (20, 22)), np.full(5, list(operators()).index(name))
    answers, truth = run(graph, images, index), autograd(network, images, index, torch.float64)
    assert (relative(answers["saliency"], truth["saliency"]) < 2e-6).all()


def test_any_batch_up_to_33(one_each: tuple[nn.Module, Any]) -> None:
    _, graph = one_each
    images, index = pictures(33, (20, 22)), np.arange(33) % len(operators())
    together = run(graph, images, index)["saliency"]
    for batch in range(1, 33):
        part = run(graph, images[:batch], index[:batch])["saliency"]
        assert part.shape[0] == batch
        assert (relative(part, together[:batch]) < 1e-5).all()


def test_a_network_without_kinks_is_right_in_every_image(tmp_path: Path) -> None:
    size = (32, 48)
    torch.manual_seed(0)
    body = nn.Sequential(
        nn.Conv2d(3, 16, 3, 2, 1, bias=False),
        nn.BatchNorm2d(16),
        nn.GELU(),
        Joined(torch.add, nn.Sequential(nn.Conv2d(16, 32, 3, 2, 1), nn.GELU()), nn.Conv2d(16, 32, 1, 2)),
        nn.GroupNorm(4, 32),
        nn.GELU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.GELU(),
        nn.AvgPool2d(4),
        nn.Flatten(),
    )
    network = Network(body, 32 * 2 * 3, N_CLASSES).eval()
    export_saliency(network, manifest(size), tmp_path / "saliency.onnx")
    images, index = pictures(33, size), np.arange(33) % (N_CLASSES + 1) - 1
    for batch in (1, 33):
        answers = run_batched(session(tmp_path / "saliency.onnx"), images, index, batch)
        truth = autograd(network, images, index, torch.float64)
        assert (relative(answers["saliency"], truth["saliency"]) < 1e-5).all()


def test_log_gabor_network(tmp_path: Path) -> None:
    size = (40, 56)
    torch.manual_seed(0)
    network = gabor_network(size, N_CLASSES).eval()
    export_saliency(network, manifest(size), tmp_path / "saliency.onnx")
    images, index = pictures(4, size), np.array([-1, 0, 5, 13])
    answers = run(session(tmp_path / "saliency.onnx"), images, index)
    truth = autograd(network, images, index, torch.float64)
    assert (relative(answers["saliency"], truth["saliency"]) < 2e-5).all()


def test_operator_without_an_onnx_form_is_named(tmp_path: Path) -> None:
    body = nn.Sequential(Joined(torch.linalg.svdvals, convolution()), nn.Flatten())
    network = Network(body, 4 * 20, 2).eval()
    with pytest.raises(ExportError, match=r"aten\._linalg_svd.*in module 'body\.0 \(Joined\)'"):
        export_classifier(network, manifest((20, 22), Task("t", ("a", "b"))), tmp_path / "classifier.onnx")
    assert not list(tmp_path.iterdir())


def test_manifest_and_network_agree_on_the_number_of_classes(tmp_path: Path) -> None:
    network = Network(nn.Flatten(), 3 * 20 * 22, 3)
    for export in (export_classifier, export_saliency):
        with pytest.raises(ExportError, match=r"has 3 outputs.*have 14 classes"):
            export(network, manifest((20, 22)), tmp_path / "graph.onnx")


def test_export_prints_nothing(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    network = Network(nn.Flatten(), 3 * 20 * 22, 14)
    export_classifier(network, manifest((20, 22)), tmp_path / "classifier.onnx")
    assert capfd.readouterr() == ("", "")
    assert not [record for record in caplog.records if record.levelno >= logging.INFO]


@pytest.mark.parametrize("side", [16, 32])
def test_small_images_export_as_training_leaves_the_network(tmp_path: Path, side: int) -> None:
    """Weights in memory with channels last, and features of a single pixel."""
    network = settled_network(NETWORKS["tiny"], (side, side)).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    export_saliency(network, manifest((side, side)), tmp_path / "saliency.onnx")
    images, index = pictures(3, (side, side)), np.full(3, -1)
    found = run(session(tmp_path / "saliency.onnx"), images, index)
    predicted = found["logits"].argmax(1)
    assert np.allclose(found["saliency"], autograd(network, images, predicted, torch.float64)["saliency"], atol=1e-4)
