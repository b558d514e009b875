from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from lsl_trainer.graphs.folding import folded
from lsl_trainer.networks.residual import Network

aten = torch.ops.aten
SIZE = (12, 14)


class Scaled(nn.Module):
    """A convolution whose input is divided and shifted, several times over."""

    def __init__(self, convolution: nn.Module, *divisors: float | Tensor) -> None:
        super().__init__()
        self.convolution, self.divisors = convolution, divisors

    def forward(self, x: Tensor) -> Tensor:
        for divisor in self.divisors:
            x = x / divisor
        features: Tensor = self.convolution(x)
        return features.flatten(1)


def network_of(body: nn.Module) -> Network:
    with torch.no_grad():
        features = body.eval()(torch.zeros(1, 3, *SIZE)).shape[1]
    return Network(body, features, 2).eval()


@pytest.mark.parametrize("divisors", [(), (2,), (torch.tensor([[[2.0]], [[3.0]], [[0.5]]]), 4)], ids=len)
def test_scales_of_the_pixels_end_in_the_first_kernel(divisors: tuple[float | Tensor, ...]) -> None:
    torch.manual_seed(0)
    network = network_of(Scaled(nn.Conv2d(3, 4, 3, padding=1), *divisors))
    graph = folded(network, SIZE)
    assert not [node for node in graph.graph.nodes if node.target == aten.div.Tensor]
    x = torch.rand(3, 3, *SIZE)
    torch.testing.assert_close(graph(255 * x), network(x))


@pytest.mark.parametrize(
    "convolution",
    [nn.Conv2d(3, 6, 3, groups=3), nn.ConvTranspose2d(3, 4, 3), nn.Identity()],
    ids=["groups", "transposed", "none"],
)
def test_scales_that_no_kernel_can_take_stay(convolution: nn.Module) -> None:
    torch.manual_seed(0)
    network = network_of(Scaled(convolution, 2.0))
    x = torch.rand(3, 3, *SIZE)
    torch.testing.assert_close(folded(network, SIZE)(255 * x), network(x))


def test_pixels_that_are_read_twice_keep_their_scale() -> None:
    class Twice(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.convolution = nn.Conv2d(3, 3, 3, padding=1)

        def forward(self, x: Tensor) -> Tensor:
            summed: Tensor = self.convolution(x) + x
            return summed.flatten(1)

    torch.manual_seed(0)
    network = network_of(Twice())
    x = torch.rand(3, 3, *SIZE)
    torch.testing.assert_close(folded(network, SIZE)(255 * x), network(x))
