"""Stores a weight once where a graph reads it and its transpose, as a linear layer and its gradient do."""

from __future__ import annotations

from collections.abc import Mapping

import onnx_ir
from torch import Tensor

__all__ = ["share_transposed"]


def share_transposed(graph: onnx_ir.Graph, weights: Mapping[onnx_ir.Value, Tensor]) -> None:
    """Products with a transposed view of another weight read that weight, and transpose it as they go.

    `weights` are initializers of the graph. What is one memory in them is taken for one weight.
    """
    stored = {_place(tensor): value for value, tensor in weights.items() if tensor.is_contiguous()}
    for value, tensor in weights.items():
        whole = None if tensor.is_contiguous() else stored.get(_place(tensor.t()))
        if whole is None:
            continue
        for node, place in tuple(value.uses()):
            if place == 1 and node.op_type in ("Gemm", "MatMul") and _is_matrix(node.inputs[0]):
                _transpose_second(graph, node, whole)
        if not value.uses():
            assert value.name is not None
            del graph.initializers[value.name]


def _place(tensor: Tensor) -> tuple[int, tuple[int, ...]]:
    """Where in memory it lies, and its shape."""
    return tensor.data_ptr(), tuple(tensor.shape)


def _is_matrix(value: onnx_ir.Value | None) -> bool:
    return value is not None and value.shape is not None and len(value.shape) == 2


def _transpose_second(graph: onnx_ir.Graph, node: onnx_ir.Node, weight: onnx_ir.Value) -> None:
    """A · B by A · (Bᵀ)ᵀ, `weight` being Bᵀ."""
    if node.op_type == "Gemm":
        before = node.attributes.get("transB")
        node.attributes["transB"] = onnx_ir.AttrInt64("transB", 1 - (before.as_int() if before else 0))
        node.replace_input_with(1, weight)
        return
    product = onnx_ir.node("Gemm", [node.inputs[0], weight], {"transB": 1}, name=node.name)
    graph.insert_before(node, product)
    (old,), (new,) = node.outputs, product.outputs
    new.shape, new.type, new.name = old.shape, old.type, old.name
    old.replace_all_uses_with(new, replace_graph_outputs=True)
    graph.remove(node, safe=True)
