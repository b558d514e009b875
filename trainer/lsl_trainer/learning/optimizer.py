"""The optimizer of a step, over groups of parameters that share a factor of the learning rate."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.groups import Descent

__all__ = ["new_optimizer", "set_rate"]


def new_optimizer(network: Network, descent: Descent) -> torch.optim.Optimizer:
    """SGD or AdamW over the parameters that learn; `set_rate` gives the learning rate before every batch."""
    groups = _parameter_groups(network)
    if descent.optimizer == "adamw":
        return torch.optim.AdamW(groups, weight_decay=descent.weight_decay, fused=True)
    nesterov = descent.optimizer == "nesterov"
    return torch.optim.SGD(groups, momentum=descent.momentum, weight_decay=descent.weight_decay, nesterov=nesterov)


def set_rate(optimizer: torch.optim.Optimizer, rate: float) -> None:
    """Sets the learning rate, times its factor in each group."""
    for group in optimizer.param_groups:
        group["lr"] = rate * group["rate_scale"]


def _parameter_groups(network: Network) -> list[dict[str, Any]]:
    """The parameters that learn, in groups that share a factor of the learning rate, `rate_scale`."""
    groups: dict[float, list[nn.Parameter]] = {}
    for name, parameter in network.named_parameters():
        if parameter.requires_grad:
            groups.setdefault(network.rate_scales.get(name, 1.0), []).append(parameter)
    return [{"params": parameters, "rate_scale": scale} for scale, parameters in groups.items()]
