"""The weights that were best on the training images kept aside, where a step ends early."""

from __future__ import annotations

import torch
from torch import Tensor, nn

__all__ = ["BestWeights"]


class BestWeights:
    """The weights with the least loss so far. `since`: epochs that went by without a lesser one."""

    def __init__(self, network: nn.Module) -> None:
        self._values = {name: value.detach().clone() for name, value in network.state_dict().items()}
        self.loss, self.since = float("inf"), 0

    def take(self, network: nn.Module, loss: float) -> None:
        """Keeps the network's weights if `loss`, of images kept aside, is the least so far."""
        self.since += 1
        if loss < self.loss:
            self.loss, self.since = loss, 0
            for name, value in network.state_dict().items():
                self._values[name].copy_(value)

    def give_to(self, network: nn.Module) -> None:
        """Gives `network` the best weights."""
        network.load_state_dict(self._values)

    def state(self) -> dict[str, Tensor]:
        """The best weights by name, `loss` and `since`."""
        numbers = {"loss": torch.tensor(self.loss, dtype=torch.float64), "since": torch.tensor(self.since)}
        return {**self._values, **numbers}

    def restore(self, state: dict[str, Tensor]) -> None:
        """Goes on from what `state` gave."""
        self.loss, self.since = float(state["loss"]), int(state["since"])
        for name, value in self._values.items():
            value.copy_(state[name])
