"""Folds scales and shifts of channels, such as batch normalization, into the convolution before or after them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import torch
from torch import Tensor, fx, nn

from lsl_trainer.graphs.pooling import POOLING_RULES
from lsl_trainer.graphs.torch_internals import BATCH_NORMALIZATION
from lsl_trainer.graphs.tracing import constant, set_constant, trace

__all__ = ["folded"]

aten = torch.ops.aten


def folded(network: nn.Module, image_size: tuple[int, int]) -> fx.GraphModule:
    """The network in inference, as a graph of plain ATen operators for images float32 (B, 3, H, W) in 0..255.

    A batch normalization is a scale and a shift. Both go into the convolution before it, if nothing else reads that
    convolution. A scale of a convolution's input goes into its kernel. The graph has its own copy of the parameters, so
    later training does not change it.
    """
    copy = deepcopy(network).cpu().eval().requires_grad_(False).to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    graph = trace(
        lambda images: copy(images / 255), (torch.zeros(2, 3, *image_size),), {**NORMALIZATION_RULES, **POOLING_RULES}
    )
    for node in list(graph.graph.nodes):
        _merge_affine(node)
        _scale_later(node)
    for node in list(graph.graph.nodes):
        _merge_input_scale(node)
    graph.graph.eliminate_dead_code()
    graph.recompile()
    return graph


def _batch_norm(
    x: Tensor,
    weight: Tensor | None,
    bias: Tensor | None,
    mean: Tensor,
    variance: Tensor,
    momentum: float,
    epsilon: float,
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalization by the running statistics: x · scale + shift, with a scale and a shift for each channel."""
    scale = (variance.double() + epsilon).rsqrt()
    scale = scale if weight is None else scale * weight.double()
    shift = -mean.double() * scale
    shift = shift if bias is None else shift + bias.double()
    per_channel = (-1, *[1] * (x.dim() - 2))
    normalized = x * scale.to(x.dtype).reshape(per_channel) + shift.to(x.dtype).reshape(per_channel)
    return normalized, x.new_empty(0), x.new_empty(0)


NORMALIZATION_RULES = {BATCH_NORMALIZATION: _batch_norm}


def _merge_affine(node: fx.Node) -> None:
    """convolution(x, W, b) · c → convolution(x, W·c, b·c) and convolution(x, W, b) + c → convolution(x, W, b + c)."""
    if node.target not in (aten.mul.Tensor, aten.add.Tensor) or len(node.args) != 2 or node.kwargs:
        return
    convolution, value = node.args[0], constant(node.args[1])
    if not _is_private_convolution(convolution) or value is None or value.shape[1:] != (1, 1):
        return
    assert isinstance(convolution, fx.Node)
    weight, bias = constant(convolution.args[1]), constant(convolution.args[2])
    if weight is None or len(value) != len(weight):
        return
    bias = torch.zeros(len(weight), dtype=weight.dtype) if bias is None else bias
    if node.target == aten.mul.Tensor:
        weight, bias = weight * value[..., None], bias * value.flatten()
    else:
        bias = bias + value.flatten()
    with node.graph.inserting_before(convolution):
        new = set_constant(node.graph, weight), set_constant(node.graph, bias)
    convolution.args = (convolution.args[0], *new, *convolution.args[3:])
    node.replace_all_uses_with(convolution)
    node.graph.erase_node(node)


def _scale_later(node: fx.Node) -> None:
    """x / a − b → (x − a·b) / a and x / a / b → x / (a·b), so that scales reach the convolution that reads them."""
    if node.target not in (aten.sub.Tensor, aten.div.Tensor) or len(node.args) != 2 or node.kwargs:
        return
    scaled = node.args[0]
    if not isinstance(scaled, fx.Node) or scaled.target != aten.div.Tensor or len(scaled.users) > 1:
        return
    divisor, value = _value(scaled.args[1]), _value(node.args[1])
    if divisor is None or value is None:
        return
    graph = node.graph
    with graph.inserting_before(node):
        product = set_constant(graph, divisor * value)
        if node.target == aten.div.Tensor:
            node.args = (scaled.args[0], product)
            return
        shifted = graph.call_function(aten.sub.Tensor, (scaled.args[0], product))
    node.target, node.args = aten.div.Tensor, (shifted, scaled.args[1])


def _merge_input_scale(node: fx.Node) -> None:
    """convolution(x / c, W) → convolution(x, W / c), if c is a number or has one for each input channel."""
    if node.target != aten.div.Tensor or len(node.users) > 1:
        return
    convolution, value = next(iter(node.users), None), _value(node.args[1])
    if convolution is None or value is None or convolution.target != aten.convolution.default:
        return
    weight, groups, transposed = constant(convolution.args[1]), convolution.args[8], convolution.args[6]
    if weight is None or groups != 1 or transposed or value.shape[1:] not in ((), (1, 1)):
        return
    with node.graph.inserting_before(convolution):
        new = set_constant(node.graph, weight / value)
    convolution.args = (node.args[0], new, *convolution.args[2:])
    node.graph.erase_node(node)


def _value(argument: Any) -> Tensor | None:
    """The value of a constant node or of a number; None for anything else."""
    return torch.tensor(float(argument)) if isinstance(argument, (int, float)) else constant(argument)


def _is_private_convolution(node: Any) -> bool:
    """Whether it is a forward convolution with a single reader."""
    known = isinstance(node, fx.Node) and node.target == aten.convolution.default
    return known and len(node.users) == 1 and node.args[6] is False
