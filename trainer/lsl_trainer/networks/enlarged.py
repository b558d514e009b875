"""Small images for a trunk that learnt from larger ones: enlarged on their way in, as bilinear resizing does."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from lsl_trainer.networks.block_output import BlockOutput
from lsl_trainer.networks.trunk import Trunk

__all__ = ["Enlarged"]


class Enlarged(Trunk):
    """A trunk that sees images twice as high and wide, or four times; what lies beyond the border counts as 0."""

    kernel: Tensor

    def __init__(self, trunk: Trunk, times: int) -> None:
        """`times` is 2 or 4."""
        super().__init__(trunk.names)
        self.trunk, self.times = trunk, times
        between = torch.tensor([0.25, 0.5, 0.25])
        self.register_buffer("kernel", torch.outer(between, between).expand(3, 1, 3, 3).clone(), persistent=False)

    def shortened(self, count: int) -> Trunk:
        """The same of the shortened trunk."""
        return Enlarged(self.trunk.shortened(count), self.times)

    def maps(self, images: Tensor) -> list[Tensor]:
        """Those of the trunk, of the enlarged images."""
        return self.trunk.maps(self._enlarged(images))

    def outputs(self, images: Tensor) -> list[BlockOutput]:
        """Those of the trunk, of the enlarged images."""
        return self.trunk.outputs(self._enlarged(images))

    def extra_repr(self) -> str:
        """Tells it from one that enlarges differently."""
        return f"times={self.times}"

    def _enlarged(self, images: Tensor) -> Tensor:
        for _ in range(self.times.bit_length() - 1):
            images = self._doubled(images)
        return images

    def _doubled(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, 3, 2H, 2W): every pixel four times, and then the mean with its neighbours."""
        count, channels, height, width = images.shape
        repeated = images[:, :, :, None, :, None].expand(count, channels, height, 2, width, 2)
        return F.conv2d(repeated.reshape(count, channels, 2 * height, 2 * width), self.kernel, padding=1, groups=3)
