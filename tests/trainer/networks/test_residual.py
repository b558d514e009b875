from __future__ import annotations

import pytest
import torch
from torch import nn

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.residual import Network, residual_network
from lsl_trainer.settings.network import NETWORKS, NetworkConfig

SMALL = NetworkConfig(widths=(4, 8), strides=(1, 2), pool=2)


def convolutions(network: nn.Module) -> list[nn.Conv2d]:
    return [module for module in network.modules() if isinstance(module, nn.Conv2d)]


def test_paper_network_has_the_layers_of_the_paper() -> None:
    network = residual_network(NETWORKS["paper"], (128, 320), 14)
    layers = [(c.in_channels, c.out_channels, c.kernel_size[0], c.stride[0]) for c in convolutions(network)]
    first = [(3, 64, 3, 1), (64, 64, 3, 1), (64, 64, 3, 1)]
    later = [((w, 2 * w, 3, 2), (2 * w, 2 * w, 3, 1), (w, 2 * w, 1, 2)) for w in (64, 128, 256)]
    assert layers == [*first, *(layer for block in later for layer in block)]
    assert len([module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]) == len(layers)
    assert (network.head.in_features, network.head.out_features) == (20480, 14)


@pytest.mark.parametrize(("preset", "least", "most"), [("paper", 20.2, 20.4), ("tiny", 0.06, 0.12)])
def test_cost_of_one_image(preset: str, least: float, most: float) -> None:
    network = residual_network(NETWORKS[preset], (128, 320), 14).eval()
    products = []
    for layer in convolutions(network):
        layer.register_forward_hook(lambda layer, _, y: products.append(y[0, 0].numel() * layer.weight.numel()))
    with torch.no_grad():
        network(torch.zeros(1, 3, 128, 320))
    assert least < 2e-9 * sum(products) < most


@pytest.mark.parametrize("size", [(64, 64), (128, 320), (101, 77), (33, 200)])
def test_features_follow_from_any_size(size: tuple[int, int]) -> None:
    network = residual_network(NETWORKS["tiny"], size, 5).eval()
    with torch.no_grad():
        logits, features = network(torch.rand(2, 3, *size))
    assert logits.shape == (2, 5)
    assert features.shape == (2, network.head.in_features)
    assert features.numel() == 2 * torch.Size(NETWORKS["tiny"].feature_shape(size)).numel()


def test_too_small_images_are_refused_by_size() -> None:
    with pytest.raises(ConfigError, match=r"24×64 pixels are too small.*must exceed 24"):
        NETWORKS["paper"].feature_shape((24, 64))
    assert NETWORKS["paper"].feature_shape((25, 64)) == (512, 1, 2)


@pytest.mark.parametrize(
    "settings",
    [{"widths": (8,)}, {"widths": (), "strides": ()}, {"stem_kernel": 4}, {"pool": 0}, {"widths": (8, 0, 8, 8)}],
)
def test_settings_that_build_no_network_are_refused(settings: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"got"):
        NetworkConfig(**settings)  # type: ignore[arg-type]


def test_one_block_by_hand() -> None:
    network = residual_network(NetworkConfig(widths=(4,), strides=(1,), pool=1), (6, 6), 2).eval()
    stem, stem_norm, _, block, *_ = network.body.children()
    first, first_norm, _, second, second_norm = block.get_submodule("convolutions").children()
    x = torch.rand(2, 3, 6, 6)
    with torch.no_grad():
        y = stem_norm(stem((x - network.mean) / network.std)).clamp(min=0)
        inner = first_norm(first(y)).clamp(min=0)
        expected = (second_norm(second(inner)) + y).clamp(min=0).flatten(1)
        logits, features = network(x)
    torch.testing.assert_close(features, expected)
    torch.testing.assert_close(logits, expected @ network.head.weight.t() + network.head.bias)


def test_pooled_shortcut_reads_every_pixel() -> None:
    def shortcut_gradient(pooled: bool) -> torch.Tensor:
        config = NetworkConfig(widths=(4,), strides=(2,), stem_stride=1, pooled_shortcut=pooled, pool=1)
        block = residual_network(config, (7, 8), 2).eval().body.get_submodule("3")
        nn.init.zeros_(block.get_parameter("convolutions.3.weight"))
        x = torch.rand(1, 4, 7, 8, requires_grad=True)
        nn.init.ones_(block.get_parameter("shortcut.0.weight"))
        block(x).sum().backward()
        assert x.grad is not None
        return x.grad[0, 0]

    assert (shortcut_gradient(pooled=True) > 0).all()
    assert (shortcut_gradient(pooled=False) > 0).sum() == 4 * 4


def test_images_are_normalized_inside() -> None:
    plain = Network(nn.Flatten(), 12, 2, mean=(0, 0, 0), std=(1, 1, 1))
    scaled = Network(nn.Flatten(), 12, 2, mean=(0.1, 0.2, 0.3), std=(0.5, 0.6, 0.7))
    x = torch.rand(2, 3, 2, 2)
    by_hand = torch.stack([(x[:, c] - 0.1 * (c + 1)) / (0.5 + 0.1 * c) for c in range(3)], 1)
    torch.testing.assert_close(scaled.features(x), plain.features(by_hand))


def test_new_head_keeps_and_shares_the_feature_network() -> None:
    coarse = residual_network(SMALL, (16, 16), 6, mean=(0.1, 0.2, 0.3)).eval()
    fine = coarse.with_head(14)
    x = torch.rand(2, 3, 16, 16)
    assert fine(x)[0].shape == (2, 14)
    torch.testing.assert_close(fine.features(x), coarse.features(x), rtol=0, atol=0)
    assert {id(p) for p in fine.body.parameters()} == {id(p) for p in coarse.body.parameters()}
    assert not fine.training


def test_every_parameter_learns() -> None:
    network = residual_network(SMALL, (16, 16), 3).train()
    nn.functional.cross_entropy(network(torch.rand(4, 3, 16, 16))[0], torch.tensor([0, 1, 2, 0])).backward()
    assert all(parameter.grad is not None and parameter.grad.abs().sum() > 0 for parameter in network.parameters())
