"""Pooling and its gradient in operators that ONNX has."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from lsl_shared.errors import ExportError
from lsl_trainer.graphs.convolution import Convolution, input_gradient
from lsl_trainer.graphs.phases import repeat
from lsl_trainer.graphs.torch_internals import ADAPTIVE_AVERAGE_POOLING

__all__ = ["POOLING_GRADIENTS", "POOLING_RULES"]

aten = torch.ops.aten


def _adaptive_average(x: Tensor, size: Sequence[int]) -> Tensor:
    """Adaptive average pooling, (B, C, H, W) → (B, C, *size), as two products with constant matrices."""
    if all(side % bins == 0 for side, bins in zip(x.shape[2:], size, strict=True)):
        return F.avg_pool2d(x, [side // bins for side, bins in zip(x.shape[2:], size, strict=True)])
    rows, columns = (_bins(side, bins).to(x) for side, bins in zip(x.shape[2:], size, strict=True))
    return rows @ (x @ columns.t())


def _bins(side: int, bins: int) -> Tensor:
    """(bins, side): row i averages the pixels from ⌊i · side / bins⌋ up to ⌈(i + 1) · side / bins⌉."""
    edges = [(i * side // bins, -(-(i + 1) * side // bins)) for i in range(bins)]
    return torch.tensor([[(a <= x < b) / (b - a) for x in range(side)] for a, b in edges])


def _average_backward(
    grad: Tensor,
    x: Tensor,
    kernel: Sequence[int],
    stride: Sequence[int],
    padding: Sequence[int],
    ceil_mode: bool,
    count_include_pad: bool,
    divisor: int | None,
) -> Tensor:
    """Average pooling is a convolution of each channel with a constant; so is its gradient."""
    if ceil_mode or (any(padding) and not count_include_pad):
        raise ExportError(
            "average pooling exports with ceil_mode=False, and with padding only if count_include_pad=True"
        )
    kernel, stride, padding = (_pair(values or kernel) for values in (kernel, stride, padding))
    per_pixel = grad / (divisor or kernel[0] * kernel[1])
    if kernel == stride and not any(padding):
        return repeat(per_pixel, kernel, x.shape[2:])
    flat = per_pixel.reshape(-1, 1, *grad.shape[2:])
    weight = torch.ones(1, 1, *kernel, dtype=grad.dtype, device=grad.device)
    spread = input_gradient(flat, weight, (x.shape[2], x.shape[3]), Convolution(stride, padding))
    return spread.reshape(x.shape)


def _pair(values: Sequence[int]) -> tuple[int, int]:
    return (values[0], values[-1])


POOLING_RULES = {ADAPTIVE_AVERAGE_POOLING: _adaptive_average}
POOLING_GRADIENTS = {aten.avg_pool2d_backward.default: _average_backward}
