"""Tensors in phases. A phase holds every f-th row and every g-th column of (B, C, H, W): (B, C, ⌈H / f⌉, ⌈W / g⌉).

The gradient of a strided convolution is computed phase by phase. These functions are operators of our own for two
reasons: `merging` finds them in a traced graph, and `translations` turns each into what ONNX Runtime computes fast.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ParamSpec, cast

import torch
from torch import Tensor
from torch.nn import functional as F

__all__ = ["CONVOLVE", "INTERLEAVE", "REPEAT", "SHUFFLE", "convolve", "interleave", "operator", "repeat", "shuffle"]

Pair = Sequence[int]
Parameters = ParamSpec("Parameters")


def operator(
    arguments: str, empty: Callable[Parameters, Tensor]
) -> Callable[[Callable[Parameters, Tensor]], Callable[Parameters, Tensor]]:
    """Makes an operator lsl::NAME of the function NAME. `empty` gives a tensor of the answer's shape and type."""

    def made(function: Callable[Parameters, Tensor]) -> Callable[Parameters, Tensor]:
        name, schema = f"lsl::{function.__name__}", f"({arguments}) -> Tensor"
        new = torch.library.custom_op(name, function, mutates_args=(), schema=schema)
        new.register_fake(empty)
        return cast(Callable[Parameters, Tensor], new)

    return made


def _empty_convolved(x: Tensor, weight: Tensor, pads: Pair, stride: Pair, dilation: Pair, groups: int) -> Tensor:
    sides = [
        (have + before + after - d * (k - 1) - 1) // s + 1
        for have, before, after, d, k, s in zip(
            x.shape[2:], pads[:2], pads[2:], dilation, weight.shape[2:], stride, strict=True
        )
    ]
    return x.new_empty(x.shape[0], weight.shape[0], *sides)


def _empty_interleaved(phases: Sequence[Tensor | None], steps: Pair, size: Pair) -> Tensor:
    first = next(phase for phase in phases if phase is not None)
    return first.new_empty(*first.shape[:2], *size)


def _empty_shuffled(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    return x.new_empty(x.shape[0], x.shape[1] // (steps[0] * steps[1]), *size)


def _empty_repeated(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    return x.new_empty(*x.shape[:2], *size)


@operator("Tensor x, Tensor weight, int[] pads, int[] stride, int[] dilation, int groups", _empty_convolved)
def convolve(x: Tensor, weight: Tensor, pads: Pair, stride: Pair, dilation: Pair, groups: int) -> Tensor:
    """A convolution that pads each side by its own number of zeros: `pads` top, left, bottom, right."""
    top, left, bottom, right = pads
    return F.conv2d(F.pad(x, (left, right, top, bottom)), weight, None, stride, 0, dilation, groups)


@operator("Tensor?[] phases, int[] steps, int[] size", _empty_interleaved)
def interleave(phases: Sequence[Tensor | None], steps: Pair, size: Pair) -> Tensor:
    """f · g phases (B, C, h, w), row by row → (B, C, *size). None stands for a phase of zeros."""
    first = next(phase for phase in phases if phase is not None)
    filled = torch.stack([torch.zeros_like(first) if phase is None else phase for phase in phases], 2)
    return shuffle(filled.flatten(1, 2), steps, size)


@operator("Tensor x, int[] steps, int[] size", _empty_shuffled)
def shuffle(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    """All phases in one tensor, beside one another as channels: (B, C · f · g, h, w) → (B, C, *size)."""
    rows, columns = steps
    batch, channels, height, width = x.shape
    blocks = x.reshape(batch, channels // (rows * columns), rows, columns, height, width).permute(0, 1, 4, 2, 5, 3)
    whole = blocks.reshape(batch, -1, height * rows, width * columns)
    return whole[:, :, : size[0], : size[1]].clone()


@operator("Tensor x, int[] steps, int[] size", _empty_repeated)
def repeat(x: Tensor, steps: Pair, size: Pair) -> Tensor:
    """The same phase everywhere, (B, C, h, w) → (B, C, *size): each pixel becomes a block; zeros fill up the rest."""
    blocks = x.repeat_interleave(steps[0], 2).repeat_interleave(steps[1], 3)
    return F.pad(blocks, (0, size[1] - blocks.shape[3], 0, size[0] - blocks.shape[2]))


CONVOLVE, INTERLEAVE = torch.ops.lsl.convolve.default, torch.ops.lsl.interleave.default
SHUFFLE, REPEAT = torch.ops.lsl.shuffle.default, torch.ops.lsl.repeat.default
"""The four as they stand in a traced graph."""
