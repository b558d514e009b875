"""Adapters (LoRA, Hu et al. 2022): a weight stays, and what learns is an addition to it of low rank.

The addition is computed within the weight, so a network is the plain one again once its adapters are merged.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from math import sqrt
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, register_parametrization, remove_parametrizations

__all__ = ["add_adapters", "merge_adapters", "merged_state"]

_SCALE = 2.0
"""Of every addition: with it, the learning rates of the presets suit adapters as well (BENCHMARKS.md)."""
_WEIGHT, _UP, _DOWN = (
    ".parametrizations.weight.original",
    ".parametrizations.weight.0.up",
    ".parametrizations.weight.0.down",
)


class _Addition(nn.Module):
    """A weight (O, …) → the same with up (O, R) · down (R, I) added to it; nothing at first."""

    def __init__(self, weight: Tensor, rank: int) -> None:
        super().__init__()
        inputs = weight[0].numel()
        rank = min(rank, len(weight), inputs)
        self.up = nn.Parameter(weight.new_zeros(len(weight), rank))
        self.down = nn.Parameter(weight.new_empty(rank, inputs).uniform_(-1, 1) / sqrt(inputs))

    def forward(self, weight: Tensor) -> Tensor:
        return _added(weight, self.up, self.down)


def add_adapters(body: nn.Module, rank: int, weights: Collection[str]) -> dict[str, str]:
    """Puts an adapter of `rank` at those of `weights` that are of a linear layer or a convolution over all channels.

    `weights` are names in `body`. Gives for the name of each new parameter that of the weight that it adds to.
    """
    found: dict[str, str] = {}
    for name, module in list(body.named_modules()):
        if f"{name}.weight" in weights and _is_adapted(module):
            module.weight.requires_grad_(False)
            register_parametrization(module, "weight", _Addition(cast(Tensor, module.weight), rank))
            found |= {f"{name}{end}": f"{name}.weight" for end in (_UP, _DOWN)}
    return found


def merge_adapters(network: nn.Module) -> None:
    """Makes the plain network of an adapted one, with the weights that it has now; they may learn from now on."""
    for module in list(network.modules()):
        if is_parametrized(module, "weight"):
            remove_parametrizations(module, "weight")
            cast(Tensor, module.weight).requires_grad_(True)


def merged_state(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The state of the plain network from that of an adapted one, or of one without adapters, as it is."""
    plain = {name: value for name, value in state.items() if ".parametrizations." not in name}
    adapted = [name.removesuffix(_WEIGHT) for name in state if name.endswith(_WEIGHT)]
    with torch.no_grad():
        merged = {
            f"{name}.weight": _added(*(state[f"{name}{end}"] for end in (_WEIGHT, _UP, _DOWN))) for name in adapted
        }
    return plain | merged


def _is_adapted(module: nn.Module) -> bool:
    return isinstance(module, nn.Linear) or (isinstance(module, nn.Conv2d) and module.groups == 1)


def _added(weight: Tensor, up: Tensor, down: Tensor) -> Tensor:
    return weight + _SCALE * (up @ down).view(weight.shape)
