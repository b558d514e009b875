"""Tensors in phases: (B, C, H, W) as f × g tensors of (B, C, ⌈H / f⌉, ⌈W / g⌉), each of every f-th row, g-th column.

The gradient of a strided convolution comes in phases. They are operators of our own, so that what is added to them is
added before they are interleaved, and so that ONNX receives what its runtime does fast.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["CONVOLVE", "INTERLEAVE", "REPEAT", "SHUFFLE", "convolve", "interleave", "repeat", "shuffle"]

Pair = Sequence[int]


@torch.library.custom_op(
    "lsl::convolve",
    mutates_args=(),
    schema="(Tensor x, Tensor weight, int[] pads, int[] stride, int[] dilation, int groups) -> Tensor",
)
def convolve(x: Tensor, weight: Tensor, pads: Pair, stride: Pair, dilation: Pair, groups: int) -> Tensor:
    """A convolution that pads each side by its own number of zeros: `pads` top, left, bottom, right."""
    top, left, bottom, right = pads
    return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, None, stride, 0, dilation, groups)


@torch.library.custom_op(
    "lsl::interleave", mutates_args=(), schema="(Tensor?[] phases, int[] steps, int[] size) -> Tensor"
)
def interleave(phases: Sequence[Tensor | None], steps: Pair, size: Pair) -> Tensor:
    """Phases (B, C, h, w), row by row, None where all zero → (B, C, *size)."""
    first = next(phase for phase in phases if phase is not None)
    filled = torch.stack([torch.zeros_like(first) if phase is None else phase for phase in phases], 2)
    return cast(Tensor, shuffle(filled.flatten(1, 2), steps, size))


@torch.library.custom_op("lsl::shuffle", mutates_args=(), schema="(Tensor x, int[] steps, int[] size) -> Tensor")
def shuffle(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    """Phases beside one another: (B, C · f · g, h, w) → (B, C, *size)."""
    rows, columns = steps
    batch, channels, height, width = x.shape
    blocks = x.reshape(batch, channels // (rows * columns), rows, columns, height, width).permute(0, 1, 4, 2, 5, 3)
    whole = blocks.reshape(batch, -1, height * rows, width * columns)
    return whole[:, :, : size[0], : size[1]].clone()


@torch.library.custom_op("lsl::repeat", mutates_args=(), schema="(Tensor x, int[] steps, int[] size) -> Tensor")
def repeat(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    """Every phase the same, (B, C, h, w) → (B, C, *size): each pixel a block, zeros where the blocks end early."""
    blocks = x.repeat_interleave(steps[0], 2).repeat_interleave(steps[1], 3)
    return F.pad(blocks, (0, size[1] - blocks.shape[3], 0, size[0] - blocks.shape[2]))


@convolve.register_fake
def _(x: Tensor, weight: Tensor, pads: Pair, stride: Pair, dilation: Pair, groups: int) -> Tensor:
    sides = [
        (have + before + after - d * (k - 1) - 1) // s + 1
        for have, before, after, d, k, s in zip(
            x.shape[2:], pads[:2], pads[2:], dilation, weight.shape[2:], stride, strict=True
        )
    ]
    return x.new_empty(x.shape[0], weight.shape[0], *sides)


@interleave.register_fake
def _(phases: Sequence[Tensor | None], steps: Pair, size: Pair) -> Tensor:
    first = next(phase for phase in phases if phase is not None)
    return first.new_empty(*first.shape[:2], *size)


@shuffle.register_fake
def _(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1] // (steps[0] * steps[1]), *size)


@repeat.register_fake
def _(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    return x.new_empty(*x.shape[:2], *size)


CONVOLVE, INTERLEAVE = torch.ops.lsl.convolve.default, torch.ops.lsl.interleave.default
SHUFFLE, REPEAT = torch.ops.lsl.shuffle.default, torch.ops.lsl.repeat.default
"""The four as they stand in a traced graph."""
