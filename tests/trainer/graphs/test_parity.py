from __future__ import annotations

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
    from lsl_trainer.graphs import parity

    usual, stray = parity._Reference.answers, np.linspace(0, 1e-3, 8)[:, None, None]

    def kinked(self: parity._Reference, dtype: torch.dtype, nudge: int | None = None) -> parity.Answers:
        answers = usual(self, dtype, nudge)
        off = stray if dtype == torch.float64 or nudge is not None else 0
        sign = 1 if dtype == torch.float64 else -0.9
        return answers | {"saliency": answers["saliency"] * (1 + sign * off)}

    monkeypatch.setattr(parity._Reference, "answers", kinked)
    measured = verify_graphs(network, classifier, saliency, images(8))
    assert measured.saliency.graph_median > 1e-4


def test_agreement_reads_graph_then_torch() -> None:
    agreement = Agreement(1, 2, 3, 4)
    assert (agreement.graph_p90, agreement.torch_median) == (2, 3)
