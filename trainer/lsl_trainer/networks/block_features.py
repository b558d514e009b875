"""F of a classifier on fixed features: what some blocks of a backbone give, side by side, on one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

from lsl_trainer.networks.block_output import CELLS, KINDS, MOST_CELLS, BlockOutput
from lsl_trainer.networks.trunk import check_kind

__all__ = ["BlockFeatures"]

Outputs = Callable[[nn.Module, Tensor], list[BlockOutput]]


class BlockFeatures(nn.Module):
    """(B, 3, H, W), normalized → (B, D): the blocks' features of one kind; no weight learns.

    Each feature is shifted and scaled: by nothing at first, so that they have mean 0 once `set_scale` was called.
    """

    shift: Tensor
    scale: Tensor

    def __init__(
        self,
        body: nn.Module,
        outputs: Outputs,
        blocks: Sequence[int],
        image_size: tuple[int, int],
        cells: int = MOST_CELLS,
        kind: str = CELLS,
    ) -> None:
        """`outputs(body, images)` gives what every block does; `blocks` are numbers from 1, `cells` the most of a grid.

        Raises ConfigError where a block has no features of that `kind`.
        """
        super().__init__()
        self.body, self.blocks, self._outputs = body.requires_grad_(False), tuple(blocks), outputs
        self.cells, self.kind = cells, kind
        body.eval()
        with torch.no_grad():
            found = self._chosen(torch.zeros(1, 3, *image_size))
        for one in found:
            check_kind(one, kind)
        self.kinds = tuple(kind for kind in KINDS if all(kind in one.kinds for one in found))
        self.grids = tuple(one.grid(cells) for one in found)
        self.sizes = tuple(one.features(kind, cells).shape[1] for one in found)
        self.register_buffer("shift", torch.zeros(sum(self.sizes)))
        self.register_buffer("scale", torch.ones(sum(self.sizes)))

    def set_scale(self, shift: Tensor, scale: Tensor) -> None:
        """From now on features are (pooled − shift) · scale, both (D,)."""
        self.shift.copy_(shift)
        self.scale.copy_(scale)

    def forward(self, images: Tensor) -> Tensor:
        pooled = [one.features(self.kind, self.cells) for one in self._chosen(images)]
        return (torch.cat(pooled, 1) - self.shift) * self.scale

    def _chosen(self, images: Tensor) -> list[BlockOutput]:
        found = self._outputs(self.body, images)
        return [found[block - 1] for block in self.blocks]
