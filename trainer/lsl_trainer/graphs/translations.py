"""The operators of `phases` in ONNX, written so that ONNX Runtime keeps images in its blocked layout."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
from onnxscript import opset20 as op

from lsl_trainer.graphs.phases import CONVOLVE, INTERLEAVE, REPEAT, SHUFFLE
from lsl_trainer.graphs.steps import BELOW

__all__ = ["TRANSLATIONS"]

Pair = Sequence[int]

_HARDLY_BELOW_ZERO = -1e-37
"""Where the ramp begins. OpenVINO 2026.4 takes a beta of 0.0 for an absent one, uses 0.5, and half opens what is shut;
below zero, a shut ReLU stays at exactly 0, and no number becomes subnormal."""


def _step(x: Any, at_zero: Any) -> Any:
    """1 where x > 0, else 0: a steep ramp from zero, which ONNX Runtime computes in half the time of a comparison."""
    return op.HardSigmoid(x, alpha=torch.finfo(torch.float32).max, beta=_HARDLY_BELOW_ZERO)


def _below(x: Any, limit: float) -> Any:
    """1 where x < limit, else 0: a ramp down, from 1 at the number before the limit. All of it is exact in float32."""
    bound = np.float32(limit)
    slope = 1.0 / float(bound - np.nextafter(bound, np.float32(0)))  # a power of two
    return op.HardSigmoid(x, alpha=-slope, beta=slope * float(bound))


def _convolve(x: Any, weight: Any, pads: Pair, stride: Pair, dilation: Pair, groups: int) -> Any:
    return op.Conv(x, weight, pads=list(pads), strides=list(stride), dilations=list(dilation), group=groups)


def _interleave(tensors: Sequence[Any], steps: Pair, size: Pair) -> Any:
    """Copies whole rows of channels, channels last. DepthToSpace of ONNX Runtime is slower."""
    first = next(tensor for tensor in tensors if tensor is not None)
    tensors = [op.Mul(first, _floats(0.0)) if tensor is None else tensor for tensor in tensors]
    channels, height, width = first.shape[1:]
    rows = []
    for row in range(steps[0]):
        columns = tensors[row * steps[1] : (row + 1) * steps[1]]
        beside = op.Concat(*columns, axis=1) if len(columns) > 1 else columns[0]
        rows.append(_reshape(op.Transpose(beside, perm=[0, 2, 3, 1]), 0, height, 1, width * steps[1] * channels))
    whole = _reshape(op.Concat(*rows, axis=2), 0, height * steps[0], width * steps[1], channels)
    whole = _cropped(whole, (height * steps[0], width * steps[1]), size, 1)
    return _blocked(op.Transpose(whole, perm=[0, 3, 1, 2]))


def _shuffle(x: Any, steps: Pair, size: Pair) -> Any:
    channels, height, width = x.shape[1:]
    if steps[0] == steps[1]:
        whole = op.DepthToSpace(x, blocksize=steps[0], mode="CRD")
    else:
        channels //= steps[0] * steps[1]
        blocks = op.Transpose(_reshape(x, 0, channels, *steps, height, width), perm=[0, 1, 4, 2, 5, 3])
        whole = _reshape(blocks, 0, channels, height * steps[0], width * steps[1])
    return _cropped(whole, (height * steps[0], width * steps[1]), size, 2)


def _repeat(x: Any, steps: Pair, size: Pair) -> Any:
    _, _, height, width = x.shape
    scales = _floats(1.0, 1.0, *map(float, steps))
    blocks = op.Resize(
        _blocked(x), None, scales, mode="nearest", coordinate_transformation_mode="asymmetric", nearest_mode="floor"
    )
    below, right = size[0] - height * steps[0], size[1] - width * steps[1]
    return op.Pad(blocks, _integers(0, 0, 0, 0, 0, 0, below, right)) if below or right else blocks


def _blocked(x: Any) -> Any:
    """x itself, by an operator that lets ONNX Runtime begin its blocked layout here."""
    return op.AveragePool(x, kernel_shape=[1, 1])


def _cropped(x: Any, have: Pair, size: Pair, axis: int) -> Any:
    """The first rows, on `axis`, and the first columns, on the next axis."""
    if tuple(have) == tuple(size):
        return x
    return op.Slice(x, _integers(0, 0), _integers(*size), _integers(axis, axis + 1))


def _reshape(x: Any, *shape: int) -> Any:
    return op.Reshape(x, _integers(*shape))


def _integers(*values: int) -> Any:
    return op.Constant(value_ints=values)


def _floats(*values: float) -> Any:
    return op.Constant(value_floats=values)


TRANSLATIONS: dict[Any, Callable[..., Any]] = {
    torch.ops.aten.heaviside.default: _step,
    BELOW: _below,
    CONVOLVE: _convolve,
    INTERLEAVE: _interleave,
    SHUFFLE: _shuffle,
    REPEAT: _repeat,
}
