"""Stopping early: training images kept aside tell when a network has learnt enough, and which weights are best.

They come from the training genes alone; calibration and test images never decide anything.
"""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

__all__ = ["BestWeights", "kept_aside"]

_SHARE = 0.1


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


def kept_aside(
    groups: NDArray[np.int64], labels: NDArray[np.int64], train: NDArray[np.bool_], generator: np.random.Generator
) -> NDArray[np.bool_]:
    """Which training images (N,) are kept aside: about a tenth, of whole genes, and no class's last training gene.

    `groups` (N,) are the genes, `labels` (N,) the fine classes that count, −1 unknown, `train` (N,) the training part.
    """
    aside = np.zeros(len(groups), dtype=bool)
    labelled = train & (labels >= 0)
    wanted = _SHARE * labelled.sum()
    for gene in generator.permutation(np.unique(groups[labelled])):
        members = train & (groups == gene)
        left = labelled & ~aside & ~members
        if np.isin(labels[members & labelled], labels[left]).all():
            aside |= members
        if (aside & labelled).sum() >= wanted:
            break
    return aside
