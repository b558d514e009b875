"""Of which network a layer's features are: a digest over all that an image passes on its way there.

What comes after a layer does not count. So features of block 15 are the same, and computed once, whether a run freezes
the whole backbone, looks into all its layers, or fits a classifier to that block.
"""

from __future__ import annotations

import hashlib
from functools import cache

from torch import nn

from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.residual import Network
from lsl_trainer.networks.trunk import PooledTrunk

__all__ = ["Origin"]


class Origin:
    """Tells the layers of a network, as it is now, from those of others."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._blocks = network.body.body if isinstance(network.body, BlockFeatures) else network.body
        self._known = cache(self._digest)

    def of(self, block: int | None) -> str:
        """16 hexadecimal digits over what leads to a block, numbered from 1; to F without one."""
        if block is None:
            return self._known(self._network.body)
        if not isinstance(self._blocks, PooledTrunk):
            return self._known(self._blocks)
        return self._known(self._blocks.trunk.shortened(block))

    def _digest(self, module: nn.Module) -> str:
        """Over a module and its weights, and how images are normalized for it."""
        told, digest = self._network, hashlib.sha256(repr(module).encode())
        for name, value in [*module.state_dict().items(), ("mean", told.mean), ("std", told.std)]:
            digest.update(name.encode() + value.detach().cpu().contiguous().numpy().tobytes())
        return digest.hexdigest()[:16]
