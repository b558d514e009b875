"""Images brought to the size that a trunk learnt from, on their way in: both sides stretched or shrunk, bilinearly."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from lsl_trainer.networks.block_output import BlockOutput
from lsl_trainer.networks.trunk import Trunk

__all__ = ["Resized"]


class Resized(Trunk):
    """A trunk that sees images of one size, whatever theirs; every pixel counts, also where they get smaller."""

    rows: Tensor
    columns: Tensor

    def __init__(self, trunk: Trunk, image_size: tuple[int, int], size: tuple[int, int]) -> None:
        """From `image_size` to `size`, both (H, W)."""
        super().__init__(trunk.names)
        self.trunk, self.size = trunk, size
        self.register_buffer("rows", _weights(image_size[0], size[0]), persistent=False)
        self.register_buffer("columns", _weights(image_size[1], size[1]), persistent=False)

    def shortened(self, count: int) -> Trunk:
        """The same of the shortened trunk."""
        image_size = (self.rows.shape[0], self.columns.shape[0])
        return Resized(self.trunk.shortened(count), image_size, self.size)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Those of the trunk, of the resized images."""
        return self.trunk.maps(self._resized(images))

    def outputs(self, images: Tensor) -> list[BlockOutput]:
        """Those of the trunk, of the resized images."""
        return self.trunk.outputs(self._resized(images))

    def extra_repr(self) -> str:
        """Tells it from one of another size."""
        return f"size={self.size}"

    def _resized(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 3, *size), as products of matrices, which every engine knows."""
        upright = (images @ self.columns).transpose(2, 3)
        return (upright @ self.rows).transpose(2, 3)


def _weights(before: int, after: int) -> Tensor:
    """(before, after): how much each pixel before counts for each one after; columns sum to 1."""
    line = torch.eye(before)[:, None, None]  # (before, 1, 1, before)
    return F.interpolate(line, size=(1, after), mode="bilinear", antialias=True)[:, 0, 0].contiguous()
