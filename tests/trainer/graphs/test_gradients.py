from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared import Manifest, Task
from lsl_shared.errors import ExportError
from lsl_trainer.graphs.convolution import Convolution, input_gradient
from lsl_trainer.graphs.folding import folded
from lsl_trainer.graphs.gradients import chosen_class, saliency_of
from lsl_trainer.graphs.parts import Parts, trace_parts
from lsl_trainer.graphs.pooling import POOLING_GRADIENTS, POOLING_RULES
from lsl_trainer.graphs.torch_internals import ADAPTIVE_AVERAGE_POOLING
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NetworkConfig

aten = torch.ops.aten
SIZE = (21, 26)
SETTINGS = [
    (kernel, stride, padding, dilation, groups)
    for kernel, stride, padding, dilation, groups in product((1, 3, 4, 5), (1, 2, 3), (0, 1, 2, 5), (1, 2), (1, 2, 4))
    if padding < 3 or kernel == 3
]


def randomize(network: nn.Module) -> nn.Module:
    """Batch normalization as training leaves it, and worse: any mean, any variance, factors of both signs."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.normal_()
            module.running_var.uniform_(0.3, 3)
            nn.init.normal_(module.weight)
            nn.init.normal_(module.bias)
    return network


def small_network() -> Network:
    torch.manual_seed(0)
    network = residual_network(NetworkConfig(widths=(8, 16), strides=(1, 2), pool=2), SIZE, 5)
    randomize(network)
    return network.eval()


def traced(network: nn.Module, size: tuple[int, int], classes: int) -> Parts:
    """All pieces that its graphs are cut out of, as they stand in the traced graph."""
    return trace_parts(network, Manifest(size, (Task("t", tuple(map(str, range(classes)))),)), gradient=True)


def saliency(parts: Parts, pixels: Tensor, index: Tensor, classes: int) -> Tensor:
    """What the traced graph makes of pixels in 0..1."""
    pictures, x = pixels.permute(0, 2, 3, 1), 255 * pixels
    first = dict(zip(parts.outputs, parts.graph(*asked(pictures, index, x, classes)), strict=True))
    weights = 255 * chosen_class(first["logits"], index, classes)
    given = [*asked(pictures, index, x, classes)[:-1], weights]
    found: dict[str, Tensor] = dict(zip(parts.outputs, parts.graph(*given), strict=True))
    return found["saliency"]


def asked(pictures: Tensor, index: Tensor, pixels: Tensor, classes: int) -> list[Tensor]:
    return [pictures.to(torch.uint8), pictures, pictures, index, index, pixels, torch.zeros(len(index), classes)]


def calls(graph: torch.fx.GraphModule) -> set[str]:
    return {str(node.target) for node in graph.graph.nodes if node.op == "call_function"}


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_convolution_gradient(settings: tuple[int, int, int, int, int]) -> None:
    kernel, stride, padding, dilation, groups = settings
    x, weight = torch.rand(2, 4, 17, 14, dtype=torch.float64), torch.randn(8, 4 // groups, kernel, kernel).double()
    y = F.conv2d(x.requires_grad_(), weight, None, stride, padding, dilation, groups)
    grad = torch.randn_like(y)
    (expected,) = torch.autograd.grad(y, x, grad)
    settings_of_both = Convolution([stride] * 2, [padding] * 2, [dilation] * 2, groups)
    torch.testing.assert_close(input_gradient(grad, weight, x.shape[2:], settings_of_both), expected)


@pytest.mark.parametrize("settings", [(2, 2, 0), (4, 4, 0), (3, 2, 1), (3, 1, 0), (2, 3, 0), (5, 3, 2)], ids=str)
def test_average_pooling_gradient(settings: tuple[int, int, int]) -> None:
    kernel, stride, padding = settings
    x = torch.rand(2, 3, 17, 14, dtype=torch.float64, requires_grad=True)
    y = F.avg_pool2d(x, kernel, stride, padding)
    grad = torch.randn_like(y)
    (expected,) = torch.autograd.grad(y, x, grad)
    rule = POOLING_GRADIENTS[aten.avg_pool2d_backward.default]
    torch.testing.assert_close(rule(grad, x, [kernel], [stride], [padding] * 2, False, True, None), expected)


@pytest.mark.parametrize("bins", [(1, 1), (2, 5), (4, 7), (6, 6)])
def test_adaptive_pooling(bins: tuple[int, int]) -> None:
    x = torch.rand(2, 3, 12, 14, dtype=torch.float64)
    rule = POOLING_RULES[ADAPTIVE_AVERAGE_POOLING]
    torch.testing.assert_close(rule(x, bins), F.adaptive_avg_pool2d(x, bins))


def test_batch_normalization_disappears_into_the_convolutions() -> None:
    network = small_network()
    graph = folded(network, SIZE)
    assert (
        calls(graph) & {"aten._native_batch_norm_legit_no_training.default", "aten.mul.Tensor", "aten.rsqrt.default"}
        == set()
    )
    x = torch.rand(3, 3, *SIZE)
    with torch.no_grad():
        expected = network.double()(x.double())
    for got, want in zip(graph(255 * x), expected, strict=True):
        torch.testing.assert_close(got.double(), want, rtol=1e-5, atol=1e-5)


def test_batch_normalization_without_its_own_convolution_stays_exact() -> None:
    class Shared(nn.Module):
        """A convolution whose result is also read unnormalized, and a normalization of the input."""

        def __init__(self) -> None:
            super().__init__()
            self.first, self.convolution, self.last = nn.BatchNorm2d(3), nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4)

        def forward(self, x: Tensor) -> Tensor:
            y: Tensor = self.convolution(self.first(x))
            product: Tensor = self.last(y) * y
            return product.flatten(1)

    torch.manual_seed(0)
    network = Network(randomize(Shared()), 4 * 19 * 24, 2).eval()
    x = torch.rand(3, 3, *SIZE)
    with torch.no_grad():
        torch.testing.assert_close(folded(network, SIZE)(255 * x), network(x), rtol=1e-4, atol=1e-4)


def test_tracing_leaves_the_network_as_it_was() -> None:
    network = small_network().train()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    traced(network, SIZE, 5)
    assert network.training
    assert all(parameter.requires_grad for parameter in network.parameters())
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())


def test_saliency_is_the_largest_channel_of_the_gradient() -> None:
    network = small_network().double()
    x, index = torch.rand(3, 3, *SIZE).double(), torch.tensor([2, -1, 0])
    logits, features, saliency = saliency_of(network, x, index, 5)
    for i in range(3):
        image = x[i : i + 1].clone().requires_grad_()
        scores = network(image)[0][0]
        wanted = scores.argmax() if index[i] < 0 else index[i]
        scores[wanted].backward()
        assert image.grad is not None
        torch.testing.assert_close(saliency[i], image.grad[0].abs().max(0).values)
    torch.testing.assert_close((logits, features), network(x))


def test_predicted_class_is_of_the_first_task_only() -> None:
    network = small_network().double()
    x = torch.rand(4, 3, *SIZE).double()
    predicted = network(x)[0][:, :2].argmax(1)
    _, _, expected = saliency_of(network, x, predicted, 5)
    _, _, got = saliency_of(network, x, torch.full((4,), -1), 2)
    torch.testing.assert_close(got, expected)


def test_saliency_graph_holds_forward_operators_only_and_any_batch() -> None:
    network = small_network()
    parts = traced(network, SIZE, 5)
    assert not [name for name in calls(parts.graph) if "backward" in name or "flip" in name or "batch_norm" in name]
    for batch in (1, 2, 5):
        x, index = torch.rand(batch, 3, *SIZE), torch.arange(batch) - 1
        got = saliency(parts, x, index, 5).double()
        want = saliency_of(small_network().double(), x.double(), index, 5)[2]
        assert (got - want).norm() < 1e-5 * want.norm()


class Calling(nn.Module):
    def __init__(self, function: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.function = function

    def forward(self, x: Tensor) -> Any:
        return self.function(x)


def network_calling(function: Callable[[Tensor], Any]) -> Network:
    body = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), Calling(function), nn.Flatten())
    return Network(body, body.eval()(torch.rand(1, 3, *SIZE)).shape[1], 2).eval()


def test_operator_without_a_gradient_rule_is_named_with_its_module() -> None:
    network = network_calling(lambda x: F.adaptive_max_pool2d(x, 3))
    with pytest.raises(ExportError, match=r"aten\.adaptive_max_pool2d_backward.*in module 'body\.1 \(Calling\)'"):
        traced(network, SIZE, 2)


def test_average_pooling_outside_the_rule_is_refused() -> None:
    network = network_calling(lambda x: F.avg_pool2d(x, 3, 2, 1, count_include_pad=False))
    with pytest.raises(ExportError, match=r"count_include_pad"):
        traced(network, SIZE, 2)


def test_control_flow_on_pixel_values_is_refused() -> None:
    network = network_calling(lambda x: x if x.sum() > 0 else -x)
    with pytest.raises(ExportError, match=r"cannot be traced.*pixels' values"):
        traced(network, SIZE, 2)


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(ExportError, match=r"cannot be traced for images of \(3, 40, 40\).*size"):
        traced(small_network(), (40, 40), 5)
