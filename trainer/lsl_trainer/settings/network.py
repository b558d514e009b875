"""The shape of the residual network, and the shapes that presets have."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import Literal

from lsl_shared.errors import ConfigError

__all__ = ["NETWORKS", "NetworkConfig"]


@dataclass(frozen=True)
class NetworkConfig:
    """The shape of a residual network; the default is the paper's.

    Raises:
        ConfigError: Values that build no network.

    Example:
        >>> from lsl_trainer import NetworkConfig
        >>> NetworkConfig().feature_shape((128, 320))
        (512, 4, 10)
    """

    widths: tuple[int, ...] = (64, 128, 256, 512)
    """Channels of each residual block; the stem has those of the first."""
    strides: tuple[int, ...] = (1, 2, 2, 2)
    """Stride of the first convolution of each block."""
    stem_kernel: int = 3
    """Side of the stem's kernel in pixels, odd."""
    stem_stride: int = 1
    """Stride of the stem's convolution."""
    pooled_shortcut: bool = False
    """Average before the 1×1 convolution of a shortcut instead of giving it a stride. A stride reads one pixel in four:
    the gradient, and so the saliency map, gathers on a grid of bright points."""
    pool: int = 4
    """Side of the average pooling window; rows and columns that do not fill a window are dropped."""
    norm: Literal["batch", "group"] = "batch"
    """`batch` normalization (the paper's networks), or `group`, up to 8 groups of channels within each image, which is
    blind to the batch: for small batches, and for processes that share one."""

    def __post_init__(self) -> None:
        if len(self.widths) != len(self.strides) or not self.widths:
            raise ConfigError(f"widths and strides need one value a block, got {self.widths} and {self.strides}")
        if min(*self.widths, *self.strides, self.stem_kernel, self.stem_stride, self.pool) < 1:
            raise ConfigError(f"widths, strides, kernel and pooling are at least 1, got {self}")
        if self.stem_kernel % 2 == 0:
            raise ConfigError(f"stem_kernel is odd, got {self.stem_kernel}")
        if self.norm not in ("batch", "group"):
            raise ConfigError(f"norm is batch or group, got {self.norm!r}")

    def feature_shape(self, image_size: tuple[int, int]) -> tuple[int, int, int]:
        """The shape of the pooled features.

        Args:
            image_size: Height and width of the images, in pixels.

        Returns:
            Channels, rows and columns; their product is the number of features.

        Raises:
            ConfigError: Nothing is left of images of this size.
        """
        height, width = (self._pooled(side) for side in image_size)
        if min(height, width) < 1:
            raise ConfigError(
                f"images of {image_size[0]}×{image_size[1]} pixels are too small for this network: both sides must "
                f"exceed {self._smallest() - 1}; import them larger, or choose another preset or smaller pooling"
            )
        return self.widths[-1], height, width

    def _pooled(self, side: int) -> int:
        for stride in (self.stem_stride, *self.strides):
            side = ceil(side / stride)
        return side // self.pool

    def _smallest(self) -> int:
        side = self.pool
        for stride in (self.stem_stride, *self.strides):
            side = (side - 1) * stride + 1
        return side


NETWORKS = {
    "paper": NetworkConfig(),
    "tiny": NetworkConfig(
        widths=(16, 32, 64, 64), strides=(2, 2, 2, 2), stem_kernel=5, stem_stride=2, pooled_shortcut=True, pool=1
    ),
}
"""`paper`: 20.3 GFLOP and 20,480 features an image of 128×320. `tiny`, for two CPU cores: 0.09 GFLOP and 2,560."""
