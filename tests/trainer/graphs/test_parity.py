from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import numpy as np
import onnx
import pytest
import torch
from onnx import numpy_helper
from torch import nn

from lsl_shared import Manifest, Task
from lsl_shared.errors import ExportError
from lsl_trainer.graphs.export import export_classifier, export_saliency
from lsl_trainer.graphs.parity import Agreement, verify_graphs
from lsl_trainer.graphs.reference import Answers, Reference
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NetworkConfig

SIZE = (40, 52)
Bundle = tuple[Network, Path, Path]


def settled_network(seed: int) -> Network:
    torch.manual_seed(seed)
    network = residual_network(NetworkConfig(widths=(8, 16), strides=(1, 2), pool=2), SIZE, 5).train()
    with torch.no_grad():
        for _ in range(5):
            network(torch.rand(8, 3, *SIZE))
    return network


def images(n: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (n, *SIZE, 3), dtype=np.uint8)


def export(network: nn.Module, folder: Path) -> tuple[Path, Path]:
    manifest = Manifest(SIZE, (Task("sort", ("a", "b"), temperature=0.7), Task("place", ("x", "y", "z"))))
    export_classifier(network, manifest, folder / "classifier.onnx")
    export_saliency(network, manifest, folder / "saliency.onnx")
    return folder / "classifier.onnx", folder / "saliency.onnx"


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    network = settled_network(0)
    return network, *export(network, tmp_path_factory.mktemp("bundle"))


def altered(path: Path, folder: Path, operator: str, factor: float) -> Path:
    """A copy of the graph in which one kernel of the last such operator is multiplied."""
    model = onnx.load(path)
    kernel = [node.input[1] for node in model.graph.node if node.op_type == operator][-1]
    (tensor,) = (tensor for tensor in model.graph.initializer if tensor.name == kernel)
    values = numpy_helper.to_array(tensor).copy()
    values[0] *= factor
    tensor.CopyFrom(numpy_helper.from_array(values, kernel))
    onnx.save(model, folder / path.name)
    return folder / path.name


def test_correct_graphs_pass_with_their_figures(bundle: Bundle) -> None:
    network, classifier, saliency = bundle
    assert network.training
    parity = verify_graphs(network, classifier, saliency, images(16), batch_sizes=(1, 5))
    assert network.training
    assert (parity.images, parity.batch_sizes) == (16, (1, 5))
    for agreement in (parity.logits, parity.features, parity.saliency):
        assert 0 < agreement.graph_median < 1e-6
        assert 0 < agreement.torch_median < 1e-6
        assert agreement.graph_median <= agreement.graph_p90


def test_a_kernel_of_the_gradient_one_percent_off_fails(bundle: Bundle, tmp_path: Path) -> None:
    network, classifier, saliency = bundle
    with pytest.raises(ExportError, match=r"differ from the network: saliency, median .* \d\.\de-\d\d, limit 1\.0e-06"):
        verify_graphs(network, classifier, altered(saliency, tmp_path, "Conv", 1.01), images(8))


def test_an_altered_classifier_fails(bundle: Bundle, tmp_path: Path) -> None:
    network, classifier, saliency = bundle
    with pytest.raises(ExportError, match=r"logits, median"):
        verify_graphs(network, altered(classifier, tmp_path, "Conv", 1.01), saliency, images(8))


def test_graphs_of_another_network_fail(bundle: Bundle) -> None:
    _, classifier, saliency = bundle
    with pytest.raises(ExportError, match=r"logits, median.*features, median.*saliency, median"):
        verify_graphs(settled_network(2), classifier, saliency, images(8))


def test_answers_that_are_no_numbers_fail(bundle: Bundle, tmp_path: Path) -> None:
    network, classifier, saliency = bundle
    with pytest.raises(ExportError, match=r"saliency, median .* nan"):
        verify_graphs(network, classifier, altered(saliency, tmp_path, "Conv", np.nan), images(8))


@pytest.mark.parametrize("content", [b"", b"not a graph", None])
def test_a_damaged_file_is_named(bundle: Bundle, tmp_path: Path, content: bytes | None) -> None:
    network, classifier, saliency = bundle
    damaged = tmp_path / "saliency.onnx"
    damaged.write_bytes(saliency.read_bytes()[:5000] if content is None else content)
    with pytest.raises(ExportError, match=r"saliency\.onnx: ONNX Runtime cannot load"):
        verify_graphs(network, classifier, damaged, images(4))


def test_a_flipped_relu_is_no_failure(bundle: Bundle, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where float32 PyTorch strays as far once its pixels move by their rounding, the graph may stray too."""
    network, classifier, saliency = bundle
    usual, stray = Reference.answers, np.linspace(0, 1e-3, 8)[:, None, None]

    def kinked(self: Reference, dtype: torch.dtype, nudge: int | None = None) -> Answers:
        answers = usual(self, dtype, nudge)
        off = stray if dtype == torch.float64 or nudge is not None else 0
        sign = 1 if dtype == torch.float64 else -0.9
        return answers | {"saliency": answers["saliency"] * (1 + sign * off)}

    monkeypatch.setattr(Reference, "answers", kinked)
    measured = verify_graphs(network, classifier, saliency, images(8))
    assert measured.saliency.graph_median > 1e-4


class Tokens(nn.Module):
    """A vision transformer of one layer, of which the mean of the patches, less a fixed vector, makes the features."""

    def __init__(self, width: int = 16, patch: int = 4) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.patches = nn.Conv2d(3, width, patch, patch)
        self.positions = nn.Parameter(0.1 * torch.randn(SIZE[0] // patch * (SIZE[1] // patch), width))
        self.norm, self.qkv, self.out = nn.LayerNorm(width, 1e-6), nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.norm2, self.up, self.down = nn.LayerNorm(width, 1e-6), nn.Linear(width, 32), nn.Linear(32, width)
        self.gelu, self.head = nn.GELU(), nn.Linear(width, 5)
        self.shift: torch.Tensor
        self.register_buffer("shift", torch.zeros(width))
        with torch.no_grad():
            seen = torch.from_numpy(images(8)).permute(0, 3, 1, 2) / 255
            self.shift.copy_(self(seen)[1].mean(0))  # so that most of it cancels out

    def forward(self, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        tokens = self.patches(images).flatten(2).transpose(1, 2) + self.positions
        q, k, v = self.qkv(self.norm(tokens)).split(tokens.shape[2], 2)
        tokens = tokens + self.out(nn.functional.scaled_dot_product_attention(q, k, v))
        tokens = tokens + self.down(self.gelu(self.up(self.norm2(tokens))))
        features = tokens.mean(1) - self.shift
        return self.head(features), features


TokenBundle = tuple[Tokens, Path, Path]


@pytest.fixture(scope="module")
def tokens(tmp_path_factory: pytest.TempPathFactory) -> TokenBundle:
    network = Tokens().eval()
    return network, *export(network, tmp_path_factory.mktemp("tokens"))


def test_a_transformer_whose_features_are_differences_passes(tokens: TokenBundle) -> None:
    parity = verify_graphs(*tokens, images(8))
    assert 1e-6 < parity.features.graph_median < 1e-4


def with_tanh(network: Tokens) -> None:
    network.gelu = nn.GELU("tanh")


def with_another_epsilon(network: Tokens) -> None:
    network.norm2.eps = 1e-5


def with_positions_shifted(network: Tokens) -> None:
    network.positions.data = network.positions.data.roll(1, 0)


@pytest.mark.parametrize("change", [with_tanh, with_another_epsilon, with_positions_shifted])
def test_graphs_of_a_transformer_that_differs_a_little_fail(
    tokens: TokenBundle, change: Callable[[Tokens], None]
) -> None:
    """GELU by its approximation, an epsilon of 1e-5 in the place of 1e-6, positions of the patch beside."""
    network = deepcopy(tokens[0])
    change(network)
    with pytest.raises(ExportError, match="differ from the network"):
        verify_graphs(network, *tokens[1:], images(8))


def test_weights_move_by_their_rounding_too() -> None:
    """Of a network that sees no difference in pixels, a nudged answer is off by a unit in the last place."""
    network = Tokens().eval()
    with torch.no_grad():
        network.patches.weight.zero_()
    reference = Reference(network, images(2), np.zeros(2, np.int64), 5)
    plain, first, second = (reference.answers(torch.float32, seed)["logits"] for seed in (None, 1, 2))
    for one, other in ((plain, first), (plain, second), (first, second)):
        assert 1e-8 < np.linalg.norm(one - other) / np.linalg.norm(plain) < 1e-4
    assert (reference.answers(torch.float32)["logits"] == plain).all()  # the network itself stays


def test_agreement_reads_graph_then_torch() -> None:
    agreement = Agreement(1, 2, 3, 4)
    assert (agreement.graph_p90, agreement.torch_median) == (2, 3)
