"""The input gradient of a convolution in operators that ONNX has."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

from lsl_trainer.graphs.phases import convolve, interleave, shuffle

__all__ = ["Convolution", "input_gradient"]

Pair = Sequence[int]
_BLOCK = 16
"""ONNX Runtime computes blocks of so many channels."""


class Convolution(NamedTuple):
    """The settings of a convolution, under torch's names; pairs are (rows, columns)."""

    stride: Pair
    padding: Pair
    dilation: Pair = (1, 1)
    groups: int = 1


def input_gradient(grad: Tensor, weight: Tensor, size: Pair, settings: Convolution) -> Tensor:
    """∂L/∂x of y = convolution(x, weight): grad (B, C', H', W') → (B, C, H, W), (H, W) = `size`.

    `weight` is (C', C / groups, kH, kW). Along each axis, pixel x receives grad at (x + p − d·k) / s, through every
    tap k of the kernel for which that is a whole number. With stride 1 this is a forward convolution: the kernel is
    flipped, and its input and output channels change places. With a larger stride, the pixels have s × s phases, and
    each phase is such a convolution with the taps that reach it. An image of few channels is computed by one
    convolution, with all phases beside one another as channels.
    """
    stride, padding, dilation, groups = settings
    axes = [
        _Axis(*of_axis)
        for of_axis in zip(grad.shape[2:], size, weight.shape[2:], stride, padding, dilation, strict=True)
    ]
    if groups == 1 and weight.shape[1] < _BLOCK:
        return _packed(grad, weight, axes)
    turned = _turned(weight, groups)
    phases = [_phase(grad, turned, axes, (i, j), groups) for i in range(stride[0]) for j in range(stride[1])]
    if len(phases) == 1 and phases[0] is not None:
        return phases[0]
    return interleave(phases, stride, size)


@dataclass(frozen=True)
class _Axis:
    """The rows of a convolution, or its columns."""

    have: int
    """Of its result."""
    side: int
    """Of its input."""
    kernel: int
    stride: int
    padding: int
    dilation: int

    def taps(self, phase: int, phases: int) -> list[tuple[int, int]]:
        """(offset, tap) by rising offset: pixel phases · u + phase receives grad at phases / stride · u + offset."""
        reach = ((phase + self.padding - self.dilation * tap, tap) for tap in reversed(range(self.kernel)))
        return [(distance // self.stride, tap) for distance, tap in reach if distance % self.stride == 0]

    def pads(self, first: int, last: int, phases: int) -> tuple[int, int]:
        """Rows to add before and after `have` so that a window from `first` to `last` finds every pixel's grad."""
        pixels = ceil(self.side / phases)
        return -first, phases // self.stride * (pixels - 1) + last - (self.have - 1)


def _turned(weight: Tensor, groups: int) -> Tensor:
    """Input and output channels change places: (C', C / groups, kH, kW) → (C, C' / groups, kH, kW)."""
    outputs, inputs, *kernel = weight.shape
    grouped = weight.reshape(groups, outputs // groups, inputs, *kernel)
    return grouped.transpose(1, 2).reshape(groups * inputs, outputs // groups, *kernel)


def _phase(grad: Tensor, turned: Tensor, axes: list[_Axis], phase: Pair, groups: int) -> Tensor | None:
    """The gradient of every s-th pixel; None if no tap reaches them."""
    taps = [axis.taps(i, axis.stride) for axis, i in zip(axes, phase, strict=True)]
    if not all(taps):
        return None
    offsets = [[offset for offset, _ in along] for along in taps]
    (rows, columns) = ([tap for _, tap in along] for along in taps)
    kernel = turned[:, :, rows][:, :, :, columns]
    dilation = [along[1] - along[0] if len(along) > 1 else 1 for along in offsets]
    pads = [axis.pads(along[0], along[-1], axis.stride) for axis, along in zip(axes, offsets, strict=True)]
    return _convolved(grad, kernel, pads, (1, 1), dilation, groups)


def _packed(grad: Tensor, weight: Tensor, axes: list[_Axis]) -> Tensor:
    """All phases by one convolution; each phase is split further until the channels fill a block."""
    channels = weight.shape[1]
    steps = [axis.stride for axis in axes]
    while channels * 4 * steps[0] * steps[1] <= _BLOCK:
        steps = [2 * step for step in steps]
    turned, pads = weight.transpose(0, 1), []
    for axis, count in zip(axes, steps, strict=True):
        spread, first, last = _spread(axis, count)
        pads.append(axis.pads(first, last, count))
        turned = torch.tensordot(turned, spread.to(weight), ([2], [2]))  # (C, C', [kW,] f, window, …)
    kernel = turned.permute(0, 2, 4, 1, 3, 5).flatten(0, 2)  # (C · f · g, C', window, window)
    stride = [count // axis.stride for axis, count in zip(axes, steps, strict=True)]
    together = _convolved(grad, kernel, pads, stride, (1, 1), 1)
    if steps == [1, 1]:
        return together
    return shuffle(together, steps, [axis.side for axis in axes])


def _spread(axis: _Axis, phases: int) -> tuple[Tensor, int, int]:
    """Which tap reaches which phase at which place of a window: (phases, window, kernel) of 0 and 1.

    Also the window's first and last offset.
    """
    taps = [axis.taps(phase, phases) for phase in range(phases)]
    offsets = [offset for along in taps for offset, _ in along] or [0]
    first, last = min(offsets), max(offsets)
    places = [{(offset - first, tap) for offset, tap in along} for along in taps]
    window = range(last - first + 1)
    table = [[[float((a, k) in place) for k in range(axis.kernel)] for a in window] for place in places]
    return torch.tensor(table), first, last


def _convolved(
    grad: Tensor, kernel: Tensor, pads: Sequence[tuple[int, int]], stride: Pair, dilation: Pair, groups: int
) -> Tensor:
    """A convolution with padding before and after each axis; negative padding crops."""
    (top, bottom), (left, right) = pads
    if min(top, bottom, left, right) < 0:
        grad = F.pad(grad, [min(side, 0) for side in (left, right, top, bottom)])
    grown = [max(side, 0) for side in (top, left, bottom, right)]
    return convolve(grad, kernel, grown, stride, dilation, groups)
