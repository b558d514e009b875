"""F of a classifier on fixed features: the maps of some blocks of a backbone, pooled, side by side, on one scale."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_trainer.networks.trunk import MOST_CELLS, pooled_grid

__all__ = ["BlockFeatures"]

Maps = Callable[[nn.Module, Tensor], list[Tensor]]


class BlockFeatures(nn.Module):
    """(B, 3, H, W), normalized → (B, D): the maps of the blocks, each averaged over a coarse grid; no weight learns.

    Each feature is shifted and scaled: by nothing at first, so that they have mean 0 once `set_scale` was called.
    """

    shift: Tensor
    scale: Tensor

    def __init__(
        self, body: nn.Module, maps: Maps, blocks: Sequence[int], image_size: tuple[int, int], cells: int = MOST_CELLS
    ) -> None:
        """`maps(body, images)` gives a map of every block; `blocks` are numbers from 1, `cells` the most of a grid."""
        super().__init__()
        self.body, self.blocks, self._maps = body.requires_grad_(False), tuple(blocks), maps
        body.eval()
        with torch.no_grad():
            found = self._chosen(torch.zeros(1, 3, *image_size))
        self.grids = tuple(pooled_grid((one.shape[2], one.shape[3]), cells) for one in found)
        self.sizes = tuple(one.shape[1] * grid[0] * grid[1] for one, grid in zip(found, self.grids, strict=True))
        self.register_buffer("shift", torch.zeros(sum(self.sizes)))
        self.register_buffer("scale", torch.ones(sum(self.sizes)))

    def set_scale(self, shift: Tensor, scale: Tensor) -> None:
        """From now on features are (pooled − shift) · scale, both (D,)."""
        self.shift.copy_(shift)
        self.scale.copy_(scale)

    def forward(self, images: Tensor) -> Tensor:
        pooled = [
            F.adaptive_avg_pool2d(found, grid).flatten(1)
            for found, grid in zip(self._chosen(images), self.grids, strict=True)
        ]
        return (torch.cat(pooled, 1) - self.shift) * self.scale

    def _chosen(self, images: Tensor) -> list[Tensor]:
        found = self._maps(self.body, images)
        return [found[block - 1] for block in self.blocks]
