"""A network as a flat ATen graph: static image size, any batch, parameters as constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.fx.experimental.proxy_tensor import make_fx
from torch.fx.experimental.symbolic_shapes import DimDynamic, ShapeEnv, StatelessSymbolicContext

from lsl_shared.errors import ExportError

__all__ = ["constant", "fold_constants", "set_constant", "trace"]

Rules = Mapping[Any, Callable[..., Any]]


def trace(function: Callable[..., Any], examples: tuple[Tensor, ...], rules: Rules) -> fx.GraphModule:
    """The ATen operations of `function`, its autograd included, as a graph with its constants folded.

    `examples` give dtype and shape; their first dimension (≥ 2) stays free, the others are fixed. `rules` maps
    operators to the Python functions that replace them.
    """
    mode = FakeTensorMode(shape_env=ShapeEnv(), allow_non_fake_inputs=True)
    tracer: Callable[..., fx.GraphModule] = make_fx(
        function, dict(rules), tracing_mode="symbolic", _allow_non_fake_inputs=True
    )
    with torch.no_grad():
        try:
            traced = tracer(*(_any_batch(mode, example) for example in examples))
        except RuntimeError as problem:
            raise ExportError(
                f"the network cannot be traced for images of {tuple(examples[0].shape[1:])}: {_first_line(problem)}; "
                "its operations must suit this size and not depend on the pixels' values"
            ) from problem
        fold_constants(traced)
    return traced


def fold_constants(traced: fx.GraphModule) -> None:
    """Computes, once, every node that depends on parameters alone, and drops what nothing uses."""
    graph = traced.graph
    for node in list(graph.nodes):
        if _is_computable(node) and isinstance(value := _evaluate(node), Tensor):
            with graph.inserting_before(node):
                node.replace_all_uses_with(set_constant(graph, value))
            graph.erase_node(node)
    graph.eliminate_dead_code()
    traced.delete_all_unused_submodules()
    traced.recompile()


def constant(node: Any) -> Tensor | None:
    """The value of a constant node; None for anything else."""
    if not isinstance(node, fx.Node) or node.op != "get_attr":
        return None
    value = getattr(node.graph.owning_module, str(node.target))
    return value.detach() if isinstance(value, Tensor) else None


def set_constant(graph: fx.Graph, value: Tensor) -> fx.Node:
    """A new constant node at the graph's insertion point."""
    module = graph.owning_module
    assert module is not None
    name = f"constant_{len(module._buffers)}"
    module.register_buffer(name, value.detach().contiguous())
    return graph.get_attr(name)


def _any_batch(mode: FakeTensorMode, example: Tensor) -> Tensor:
    """A stand-in without data whose first size is a symbol."""
    sizes = [DimDynamic.DYNAMIC] + [DimDynamic.STATIC] * (example.dim() - 1)
    return mode.from_tensor(
        example, static_shapes=False, symbolic_context=StatelessSymbolicContext(dynamic_sizes=sizes)
    )


def _first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]


def _is_computable(node: fx.Node) -> bool:
    known = all(constant(source) is not None for source in node.all_input_nodes)
    return node.op == "call_function" and known and isinstance(node.target, torch._ops.OpOverload)


def _evaluate(node: fx.Node) -> Any:
    arguments, options = fx.node.map_arg((node.args, node.kwargs), constant)
    return node.target(*arguments, **options)  # type: ignore[operator]
