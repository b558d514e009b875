from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import nn

from lsl_trainer.networks import adapters
from lsl_trainer.networks.adapters import add_adapters, merge_adapters, merged_state


def body() -> nn.Sequential:
    """A convolution over all channels, one over each alone, and a linear layer."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3, padding=1), nn.Conv2d(8, 8, 3, groups=8), nn.Flatten(), nn.Linear(8 * 6 * 6, 5)
    )


@pytest.fixture
def adapted() -> tuple[nn.Sequential, nn.Sequential]:
    """A body with adapters that have learnt something, and the plain one before."""
    changed, plain = body(), body()
    assert set(add_adapters(changed, 4, [*plain.state_dict()]).values()) == {"0.weight", "3.weight"}
    assert torch.equal(changed(images()), plain(images()))  # nothing is added at first
    for name, parameter in changed.named_parameters():
        if name.endswith(".up"):
            nn.init.normal_(parameter, std=0.1)
    return changed, plain


def images() -> torch.Tensor:
    return torch.rand(2, 3, 8, 8, generator=torch.Generator().manual_seed(1))


def test_merged_weights_are_those_of_the_formula(adapted: tuple[nn.Sequential, nn.Sequential]) -> None:
    changed, plain = adapted
    learnt = {name: value.detach().numpy().astype(float) for name, value in changed.state_dict().items()}
    before = changed(images())
    state = merged_state(changed.state_dict())
    merge_adapters(changed)
    assert torch.equal(changed(images()), before)
    assert {*state} == {*plain.state_dict()} == {*changed.state_dict()}
    for name, value in changed.state_dict().items():
        layer, _, what = name.partition(".")
        expected = plain.state_dict()[name].numpy().astype(float)
        if what == "weight" and layer in "03":
            prefix = f"{layer}.parametrizations.weight"
            assert learnt[f"{prefix}.0.up"].shape[1] == learnt[f"{prefix}.0.down"].shape[0] == 4
            product = learnt[f"{prefix}.0.up"] @ learnt[f"{prefix}.0.down"]
            assert np.abs(product).max() > 0.01
            expected = expected + adapters._SCALE * product.reshape(expected.shape)
        np.testing.assert_allclose(value.numpy(), expected, atol=1e-6)
        assert torch.equal(state[name], value)
    assert all(parameter.requires_grad for name, parameter in changed.named_parameters())


def test_only_the_weights_that_are_named_get_adapters() -> None:
    changed = body()
    assert set(add_adapters(changed, 2, ["3.weight", "1.weight"]).values()) == {"3.weight"}
    assert not add_adapters(body(), 2, ["1.weight", "0.bias"])


def test_a_rank_is_at_most_that_of_the_weight() -> None:
    changed = nn.Sequential(nn.Linear(3, 2))
    add_adapters(changed, 8, ["0.weight"])
    assert {tuple(value.shape) for name, value in changed.named_parameters() if "weight.0" in name} == {(2, 2), (2, 3)}
