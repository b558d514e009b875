"""The input gradient of a convolution in operators that ONNX has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["input_gradient"]

aten = torch.ops.aten
Pair = Sequence[int]


def input_gradient(
    grad: Tensor, weight: Tensor, size: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Tensor:
    """∂L/∂x of y = convolution(x, weight): grad (B, C', H', W') → (B, C, H, W), (H, W) = `size`.

    `weight` (C', C / groups, kH, kW). With stride 1 it is a forward convolution with the flipped kernel, channels
    exchanged: ONNX Runtime's transposed convolution is slower.
    """
    if max(stride) > 1:
        return _transposed(grad, weight, size, stride, padding, dilation, groups)
    reach = [d * (k - 1) for d, k in zip(dilation, weight.shape[2:], strict=True)]
    pads = [r - p for r, p in zip(reach, padding, strict=True)]
    if min(pads) < 0:
        grad = F.pad(grad, (pads[1], pads[1], pads[0], pads[0]))
        pads = [0, 0]
    flipped = _flipped(weight, groups)
    return cast(Tensor, aten.convolution(grad, flipped, None, stride, pads, dilation, False, [0, 0], groups))


def _flipped(weight: Tensor, groups: int) -> Tensor:
    """(C', C / groups, kH, kW) → (C, C' / groups, kH, kW), upside down and back to front."""
    outputs, inputs, *kernel = weight.shape
    grouped = weight.flip(2, 3).reshape(groups, outputs // groups, inputs, *kernel)
    return grouped.transpose(1, 2).reshape(groups * inputs, outputs // groups, *kernel)


def _transposed(
    grad: Tensor, weight: Tensor, size: Pair, stride: Pair, padding: Pair, dilation: Pair, groups: int
) -> Tensor:
    reach = [
        (have - 1) * s - 2 * p + d * (k - 1) + 1
        for have, s, p, d, k in zip(grad.shape[2:], stride, padding, dilation, weight.shape[2:], strict=True)
    ]
    unreached = [want - got for want, got in zip(size, reach, strict=True)]
    return cast(Tensor, aten.convolution(grad, weight, None, stride, padding, dilation, True, unreached, groups))
