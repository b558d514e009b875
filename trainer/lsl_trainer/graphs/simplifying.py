"""Leaves out of a traced graph what changes nothing, and sizes that a reshape finds by itself; says types."""

from __future__ import annotations

from functools import reduce
from typing import Any

import torch
from torch import Tensor, fx

from lsl_trainer.graphs.torch_internals import CAST, UNSAFE_VIEW

__all__ = ["simplify"]

aten = torch.ops.aten
_COPIES = {aten.detach.default, aten.clone.default, aten.alias.default, aten.lift_fresh_copy.default}
_MASKED = {CAST, aten.where.self, aten.masked_fill.Scalar, aten.masked_fill.Tensor}
"""What takes masks, or is a cast itself."""
_VIEWS = {aten.view.default, UNSAFE_VIEW, aten.reshape.default}


def simplify(traced: fx.GraphModule) -> None:
    """The graph answers the same. Every node has its `meta["val"]`.

    Most of what a traced transformer computes at run time are sizes for its views.
    """
    for node in list(traced.graph.nodes):
        _cast_inputs(node)
        same = _same(node)
        if same is not None:
            node.replace_all_uses_with(same)
            traced.graph.erase_node(node)
    traced.graph.eliminate_dead_code()
    traced.recompile()


def _cast_inputs(node: fx.Node) -> None:
    """Casts what an operator, pixel by pixel, gets to the type that it computes in: ONNX casts nothing by itself."""
    if torch.Tag.pointwise not in getattr(node.target, "tags", ()) or node.target in _MASKED:
        return
    given = [source for source in node.all_input_nodes if isinstance(source.meta.get("val"), Tensor)]
    types = [source.meta["val"].dtype for source in given]
    answer = node.meta["val"].dtype
    wanted = answer if answer.is_floating_point or not types else reduce(torch.promote_types, types)
    for source, have in zip(given, types, strict=True):
        if have != wanted:
            with node.graph.inserting_before(node):
                node.replace_input_with(source, node.graph.call_function(CAST, (source,), {"dtype": wanted}))


def _same(node: fx.Node) -> Any:
    """What stands before the node, if the node does not change it; it is written shorter otherwise."""
    if node.target in _COPIES:
        return node.args[0]
    if node.target in _VIEWS:
        return _shorter_view(node)
    if node.target == aten.expand.default and _alike(node, node.args[0]):
        return node.args[0]
    return None


def _shorter_view(node: fx.Node) -> Any:
    """A view of a view is a view of what that one shows; one size in it may stay open."""
    source, sizes = node.args
    if isinstance(source, fx.Node) and source.target in _VIEWS:
        source = source.args[0]
    if _alike(node, source):
        return source
    known = [size if isinstance(size, int) else -1 for size in node.meta["val"].shape]
    if known.count(-1) == 1:
        sizes = known
    node.args = (source, sizes)
    return None


def _alike(left: Any, right: Any) -> bool:
    """Whether both have the same shape, whatever the batch."""
    shapes = [side.meta["val"].shape for side in (left, right) if "val" in side.meta]
    return len(shapes) == 2 and [*map(str, shapes[0])] == [*map(str, shapes[1])]
