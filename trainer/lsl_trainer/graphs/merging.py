"""Rewrites a traced gradient so that it does as much as it can before phases are interleaved."""

from __future__ import annotations

from typing import Any

import torch
from torch import fx

from lsl_trainer.graphs.phases import CONVOLVE, INTERLEAVE, REPEAT, SHUFFLE
from lsl_trainer.graphs.tracing import constant, set_constant

__all__ = ["is_private", "merge_phases"]

aten = torch.ops.aten


def merge_phases(traced: fx.GraphModule) -> None:
    """Adds phases before they are interleaved, reduces channels before they are shuffled, divides kernels, not images.

    The answers stay the same, up to rounding.
    """
    rules = {aten.div.Tensor: _scale_kernel, aten.add.Tensor: _add_phases, aten.amax.default: _reduce_first}
    for node in list(traced.graph.nodes):
        rule = rules.get(node.target)
        replacement = rule and rule(node)
        if replacement is not None:
            node.replace_all_uses_with(replacement)
            traced.graph.erase_node(node)
    traced.graph.eliminate_dead_code()
    traced.recompile()


def _scale_kernel(node: Any) -> Any:
    """convolve(x, W) / c → convolve(x, W / c) for a number c."""
    convolution, divisor = node.args
    if not is_private(convolution, CONVOLVE) or not isinstance(divisor, (int, float)):
        return None
    weight = constant(convolution.args[1])
    if weight is None:
        return None
    with node.graph.inserting_before(convolution):
        scaled = set_constant(node.graph, weight / divisor)
    convolution.args = (convolution.args[0], scaled, *convolution.args[2:])
    return convolution


def _add_phases(node: Any) -> Any:
    """interleave(a…) + interleave(b…) → interleave(a + b, …); repeat(a) counts as the same phase in all places."""
    if len(node.args) != 2 or node.kwargs:
        return None
    left, right = node.args
    if not all(is_private(side, INTERLEAVE, REPEAT) for side in (left, right)) or left.args[1:] != right.args[1:]:
        return None
    steps, size = left.args[1:]
    if left.target == right.target == REPEAT or any(side % step for side, step in zip(size, steps, strict=True)):
        return None
    with node.graph.inserting_before(node):
        pairs = zip(_phases(left), _phases(right), strict=True)
        return node.graph.call_function(INTERLEAVE, ([_sum(node.graph, *pair) for pair in pairs], steps, size))


def _phases(node: Any) -> list[Any]:
    phases, (rows, columns) = node.args[:2]
    return list(phases) if node.target == INTERLEAVE else [phases] * (rows * columns)


def _sum(graph: fx.Graph, left: Any, right: Any) -> Any:
    """The sum of two phases. None stands for a phase of zeros."""
    if left is None or right is None:
        return right if left is None else left
    return graph.call_function(aten.add.Tensor, (left, right))


def _reduce_first(node: Any) -> Any:
    """max over channels of |shuffle(x)| → shuffle(max over channels of |x|)."""
    absolute, dimensions = node.args[:2]
    if list(dimensions) != [1] or len(node.args) > 2 or not is_private(absolute, aten.abs.default):
        return None
    spread = absolute.args[0]
    if spread.target != SHUFFLE:  # which contributions read, too, in a graph of their own
        return None
    x, (rows, columns), size = spread.args
    _, channels, height, width = x.meta["val"].shape
    graph, count = node.graph, rows * columns
    with graph.inserting_before(node):
        magnitudes = graph.call_function(aten.abs.default, (x,))
        parts = graph.call_function(aten.reshape.default, (magnitudes, [-1, channels // count, count, height, width]))
        largest = graph.call_function(aten.amax.default, (parts, [1]))
        whole = graph.call_function(SHUFFLE, (largest, [rows, columns], size))
        return graph.call_function(aten.squeeze.dim, (whole, 1))


def is_private(node: Any, *targets: Any) -> bool:
    """Whether it calls one of these operators and has a single reader."""
    return isinstance(node, fx.Node) and node.target in targets and len(node.users) == 1
