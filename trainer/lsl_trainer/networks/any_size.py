"""A residual network that learns from images of other sizes: its last map is brought to the usual one's size."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.residual import Network
from lsl_trainer.settings.network import NetworkConfig

__all__ = ["AnySize", "half_size"]

_POOLING_AND_FLATTENING = 2
_LEAST_SIDE = 2


class AnySize(Network):
    """Shares F and G with a network of `residual_network`; images of the usual size get the same answers from both."""

    def __init__(self, network: Network, image_size: tuple[int, int]) -> None:
        """`image_size` (H, W) is the usual one."""
        super().__init__(network.body, network.head.in_features, 1, (0, 0, 0))
        assert isinstance(network.body, nn.Sequential)
        self.head, self.log_variances, self.rate_scales = network.head, network.log_variances, network.rate_scales
        self.mean, self.std = network.mean, network.std
        self._maps, self._end = network.body[:-_POOLING_AND_FLATTENING], network.body[-_POOLING_AND_FLATTENING:]
        training = network.training
        with torch.no_grad():
            usual = self._maps.eval()(network.mean.new_zeros(1, 3, *image_size))
        network.train(training)
        self._sides = (usual.shape[2], usual.shape[3])

    def features(self, images: Tensor) -> Tensor:
        """F(x); a smaller last map is enlarged, each of its pixels to several alike."""
        maps = self._maps((images - self.mean) / self.std)
        if maps.shape[2:] != self._sides:
            maps = F.interpolate(maps, self._sides)
        return self._end(maps)  # type: ignore[no-any-return]


def half_size(config: NetworkConfig, image_size: tuple[int, int]) -> tuple[int, int] | None:
    """Half of (H, W); None where too little would be left of such images."""
    half = (image_size[0] // 2, image_size[1] // 2)
    try:
        _, *sides = config.feature_shape(half)
    except ConfigError:
        return None
    return half if min(sides) >= _LEAST_SIDE else None
