"""The paper's network (II-D, Fig. 3): residual feature extraction network F, linear classification network G."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import gcd
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.block_features import BlockFeatures
from lsl_trainer.networks.block_output import BlockOutput
from lsl_trainer.networks.trunk import PooledTrunk
from lsl_trainer.settings.network import NetworkConfig

__all__ = ["IMAGE_MEAN", "IMAGE_STD", "Network", "block_maps", "block_outputs", "residual_network"]

IMAGE_MEAN, IMAGE_STD = (0.7469, 0.7491, 0.7994), (0.2273, 0.2257, 0.1555)
"""Channel mean and deviation of the paper's ISH images, pixels in 0..1 (the authors' published code)."""


_GROUPS = 8


class Network(nn.Module):
    """F and G of the paper: images go in, features and logits come out. Images are normalized inside.

    Example:
        >>> import torch
        >>> from lsl_trainer import NetworkConfig, residual_network
        >>> network = residual_network(NetworkConfig(widths=(8,), strides=(2,), pool=2), (16, 40), n_classes=4)
        >>> logits, features = network(torch.rand(5, 3, 16, 40))
        >>> tuple(logits.shape), tuple(features.shape)
        ((5, 4), (5, 320))
    """

    mean: Tensor
    std: Tensor

    def __init__(
        self,
        body: nn.Module,
        n_features: int,
        n_classes: int,
        mean: Sequence[float] = IMAGE_MEAN,
        std: Sequence[float] = IMAGE_STD,
    ) -> None:
        """A network with an untrained head.

        Args:
            body: F: normalized images (B, 3, H, W) → features (B, n_features).
            n_features: How many features `body` gives, D.
            n_classes: How many logits the head gives, K.
            mean: Mean of each channel, of pixels in 0..1.
            std: Deviation of each channel, of pixels in 0..1.
        """
        super().__init__()
        self.body = body
        self.head = nn.Linear(n_features, n_classes)
        self.register_buffer("mean", torch.tensor(mean).view(3, 1, 1))
        self.register_buffer("std", torch.tensor(std).view(3, 1, 1))
        self.rate_scales: Mapping[str, float] = {}
        """Factors of the learning rate by the name of a parameter; 1 for those it does not name."""
        self.log_variances: nn.Parameter | None = None
        """log σ² of each task, float (T,), where the weights of several tasks are learnt."""

    def features(self, images: Tensor) -> Tensor:
        """F(x), the feature vectors of images.

        Args:
            images: float32 (B, 3, H, W) in 0..1.

        Returns:
            float32 (B, D).
        """
        return cast(Tensor, self.body((images - self.mean) / self.std))

    def classify(self, features: Tensor) -> Tensor:
        """G(F(x)), the o of equation 2.

        Args:
            features: float32 (B, D), as `features` gives them.

        Returns:
            Logits, float32 (B, K).
        """
        return cast(Tensor, self.head(features))

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """What a call of the network gives.

        Args:
            images: float32 (B, 3, H, W) in 0..1.

        Returns:
            Logits (B, K) and features (B, D), float32.
        """
        features = self.features(images)
        return self.classify(features), features

    def train(self, mode: bool = True) -> Network:
        """Training mode. Modules whose own parameters are all frozen keep their statistics (BatchNorm).

        Args:
            mode: False means evaluation mode.

        Returns:
            This network.
        """
        super().train(mode)
        for module in self.modules():
            own = list(module.parameters(recurse=False))
            if own and not any(parameter.requires_grad for parameter in own):
                module.eval()
        return self

    def with_head(self, n_classes: int) -> Network:
        """The same F under a new, untrained G. Its parameters are shared with this network.

        Args:
            n_classes: How many logits the new head gives.

        Returns:
            The other network, on the same device and in the same mode.
        """
        new = Network(self.body, self.head.in_features, n_classes)
        new.mean, new.std, new.rate_scales = self.mean, self.std, self.rate_scales
        return new.to(self.mean).train(self.training)

    def with_first_outputs(self, count: int) -> Network:
        """The same network with its first outputs alone. The parameters of F are shared.

        Args:
            count: How many outputs are kept.

        Returns:
            The other network; this one where it has no other outputs.
        """
        if self.head.out_features == count:
            return self
        kept = self.with_head(count)
        with torch.no_grad():
            kept.head.weight.copy_(self.head.weight[:count])
            kept.head.bias.copy_(self.head.bias[:count])
        return kept


def residual_network(
    config: NetworkConfig,
    image_size: tuple[int, int],
    n_classes: int,
    mean: Sequence[float] = IMAGE_MEAN,
    std: Sequence[float] = IMAGE_STD,
) -> Network:
    """An untrained residual network, as in the paper's Figure 3.

    Args:
        config: Its shape; the default is the paper's.
        image_size: Height and width of the images, in pixels.
        n_classes: How many classes it tells apart, K.
        mean: Mean of each channel of the training images, pixels in 0..1.
        std: Deviation of each channel of the training images, pixels in 0..1.

    Returns:
        The network, in training mode.

    Raises:
        ConfigError: The images are too small for this shape.

    Example:
        >>> from lsl_trainer import NetworkConfig, residual_network
        >>> network = residual_network(NetworkConfig(), (128, 320), n_classes=14)
        >>> network.head.in_features, network.head.out_features
        (20480, 14)
    """
    channels, height, width = config.feature_shape(image_size)
    stem_width = config.widths[0]
    shapes = zip((stem_width, *config.widths[:-1]), config.widths, config.strides, strict=True)
    blocks = [_Block(*shape, config) for shape in shapes]
    body = nn.Sequential(
        *_convolution(3, stem_width, config.stem_kernel, config.stem_stride, config.norm),
        nn.ReLU(),
        *blocks,
        nn.AvgPool2d(config.pool),
        nn.Flatten(),
    )
    return Network(body, channels * height * width, n_classes, mean, std)


def block_maps(body: nn.Module, images: Tensor) -> list[Tensor]:
    """What each block of F puts out, maps (B, C, H', W') in order; `body` of a residual or a transferred network.

    `images` are normalized, (B, 3, H, W). Raises ConfigError for a body without blocks (method gabor).
    """
    if isinstance(body, PooledTrunk):
        return body.trunk.maps(images)
    if isinstance(body, BlockFeatures):
        return block_maps(body.body, images)
    if not isinstance(body, nn.Sequential):
        raise ConfigError("this network has no blocks whose features could be compared; take another --method")
    found = []
    for module in body:
        images = module(images)
        if isinstance(module, (nn.ReLU, _Block)):
            found.append(images)
    return found


def block_outputs(body: nn.Module, images: Tensor) -> list[BlockOutput]:
    """As `block_maps`, with the tokens that blocks of a transferred network have beside their maps."""
    if isinstance(body, PooledTrunk):
        return body.trunk.outputs(images)
    if isinstance(body, BlockFeatures):
        return block_outputs(body.body, images)
    return [BlockOutput(found) for found in block_maps(body, images)]


class _Block(nn.Module):
    """Two 3×3 convolutions and a residual connection, (B, C, H, W) → (B, C', ⌈H/s⌉, ⌈W/s⌉).

    The last ReLU follows the addition, as in the residual networks that the paper adopts ([19]).
    """

    def __init__(self, channels: int, width: int, stride: int, config: NetworkConfig) -> None:
        super().__init__()
        self.pools = config.pooled_shortcut and stride > 1
        self.convolutions = nn.Sequential(
            *_convolution(channels, width, 3, stride, config.norm),
            nn.ReLU(),
            *_convolution(width, width, 3, 1, config.norm),
        )
        same = stride == 1 and channels == width
        step = 1 if self.pools else stride
        shortcut = nn.Identity() if same else nn.Sequential(*_convolution(channels, width, 1, step, config.norm))
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.convolutions(x)
        x = F.adaptive_avg_pool2d(x, (y.shape[2], y.shape[3])) if self.pools else x
        return torch.relu(y + self.shortcut(x))


def _convolution(channels: int, width: int, kernel: int, stride: int, norm: str) -> tuple[nn.Conv2d, nn.Module]:
    """A convolution and its normalization; a side of h pixels becomes ⌈h / stride⌉."""
    normalization = nn.BatchNorm2d(width) if norm == "batch" else nn.GroupNorm(gcd(_GROUPS, width), width)
    return nn.Conv2d(channels, width, kernel, stride, kernel // 2, bias=False), normalization
