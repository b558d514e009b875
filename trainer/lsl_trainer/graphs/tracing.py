"""Traces a network as a flat graph of ATen operators: one image size, any batch, parameters as constants."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, fx

from lsl_shared.errors import ExportError
from lsl_trainer.graphs.torch_internals import (
    DimDynamic,
    FakeTensorMode,
    OpOverload,
    ShapeEnv,
    StatelessSymbolicContext,
    make_fx,
)

__all__ = ["constant", "fill_in_values", "fold_constants", "set_constant", "trace"]

Rules = Mapping[Any, Callable[..., Any]]


def trace(function: Callable[..., Any], examples: tuple[Tensor, ...], rules: Rules) -> fx.GraphModule:
    """The ATen operators that `function` runs, those of autograd included, as a graph. Its constants are folded.

    `examples` give dtypes and shapes. The first dimension, at least 2, may have any size later; the others are fixed.
    `rules` maps operators to the Python functions that replace them.
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
    """Computes every node that depends on parameters alone, and drops the nodes that nothing uses."""
    graph = traced.graph
    for node in list(graph.nodes):
        if _is_computable(node) and isinstance(value := _evaluate(node), Tensor):
            with graph.inserting_before(node):
                node.replace_all_uses_with(set_constant(graph, value))
            graph.erase_node(node)
    graph.eliminate_dead_code()
    traced.delete_all_unused_submodules()
    traced.recompile()


def fill_in_values(traced: fx.GraphModule) -> None:
    """Notes type and shape of every node that was added after tracing, as `meta["val"]`."""
    known = next(node.meta["val"] for node in traced.graph.nodes if node.op == "placeholder")
    with torch.no_grad(), known.fake_mode:
        for node in traced.graph.nodes:
            if node.op == "call_function" and "val" not in node.meta:
                arguments, options = fx.node.map_arg((node.args, node.kwargs), _value_of)
                node.meta["val"] = node.target(*arguments, **options)


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
    module.register_buffer(name, _as_stored(value.detach()))
    return graph.get_attr(name)


def _as_stored(value: Tensor) -> Tensor:
    """In rows; a transposed matrix stays a view, so that `sharing` knows it for the matrix it is."""
    return value if value.dim() == 2 and value.t().is_contiguous() else value.contiguous()


def _value_of(node: fx.Node) -> Any:
    value = constant(node)
    return node.meta["val"] if value is None else value


def _any_batch(mode: FakeTensorMode, example: Tensor) -> Tensor:
    """A tensor without data, whose first size is open."""
    sizes = [DimDynamic.DYNAMIC] + [DimDynamic.STATIC] * (example.dim() - 1)
    return mode.from_tensor(
        example, static_shapes=False, symbolic_context=StatelessSymbolicContext(dynamic_sizes=sizes)
    )


def _first_line(problem: Exception) -> str:
    return str(problem).strip().partition("\n")[0]


def _is_computable(node: fx.Node) -> bool:
    known = all(constant(source) is not None for source in node.all_input_nodes)
    return node.op == "call_function" and known and isinstance(node.target, OpOverload)


def _evaluate(node: fx.Node) -> Any:
    arguments, options = fx.node.map_arg((node.args, node.kwargs), constant)
    return node.target(*arguments, **options)  # type: ignore[operator]
