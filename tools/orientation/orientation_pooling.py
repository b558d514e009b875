"""Means over few channels as products: ONNX Runtime's pooling is slow where it cannot use its blocked layout.

    python tools/orientation/orientation_pooling.py [GRAPH]

rewrites the graph of the package in place. The answers stay the same, up to rounding.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["with_products"]

PACKAGE = Path(__file__).parents[1] / "lsl_tools" / "standardize" / "orientation.onnx"


def with_products(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which means along rows or columns are products with bands, and the first mean, of 2 × 2 pixels and
    their scaling, is one convolution."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    sizes = _sizes(copy)
    constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in copy.graph.initializer}
    nodes: list[onnx.NodeProto] = []
    for node in copy.graph.node:
        kernel, steps = (_pair(node, name) for name in ("kernel_shape", "strides"))
        if node.op_type == "AveragePool" and steps == [1, 1] and kernel.count(1) == 1:
            node = _banded(node, kernel, sizes[node.input[0]], constants)
        elif node.op_type == "AveragePool" and not any(made.op_type == "Conv" for made in nodes):
            node = _scaled(nodes, node, kernel, constants)
        nodes.append(node)
    del copy.graph.node[:], copy.graph.initializer[:], copy.graph.value_info[:]
    copy.graph.node.extend(nodes)
    read = {name for node in nodes for name in node.input}
    copy.graph.initializer.extend(
        numpy_helper.from_array(value, name) for name, value in constants.items() if name in read
    )
    onnx.checker.check_model(copy, full_check=True)
    return copy


def _banded(
    node: onnx.NodeProto, kernel: list[int], size: list[int], constants: dict[str, NDArray[np.float32]]
) -> onnx.NodeProto:
    """The mean along one axis, zero outside, as a product with a band matrix."""
    axis = 0 if kernel[0] > 1 else 1
    away = np.abs(np.subtract.outer(np.arange(size[axis]), np.arange(size[axis])))
    name = f"means_of_{kernel[axis]}_{'rows' if axis == 0 else 'columns'}"
    constants[name] = ((away <= kernel[axis] // 2) / kernel[axis]).astype(np.float32)
    factors = [name, node.input[0]] if axis == 0 else [node.input[0], name]
    return helper.make_node("MatMul", factors, list(node.output), name=node.name)


def _scaled(
    nodes: list[onnx.NodeProto], node: onnx.NodeProto, kernel: list[int], constants: dict[str, NDArray[np.float32]]
) -> onnx.NodeProto:
    """The mean of the scaled pixels as one convolution; the nodes that subtract 0 and divide go."""
    division, difference = nodes.pop(), nodes.pop()
    if [division.op_type, difference.op_type] != ["Div", "Sub"] or constants[difference.input[1]].any():
        raise ValueError("the graph does not begin as orientation_network writes it")
    unit = constants[division.input[1]].reshape(-1)
    weight = np.eye(len(unit), dtype=np.float32)[:, :, None, None] / (unit[:, None, None, None] * np.prod(kernel))
    constants["means_of_pixels"] = np.broadcast_to(weight, (*weight.shape[:2], *kernel)).astype(np.float32)
    inputs = [difference.input[0], "means_of_pixels"]
    return helper.make_node("Conv", inputs, list(node.output), name=node.name, strides=kernel, kernel_shape=kernel)


def _pair(node: onnx.NodeProto, name: str) -> list[int]:
    return next((list(attribute.ints) for attribute in node.attribute if attribute.name == name), [])


def _sizes(model: onnx.ModelProto) -> dict[str, list[int]]:
    """Rows and columns of each value."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    known = (*inferred.input, *inferred.value_info)
    return {value.name: [side.dim_value for side in value.type.tensor_type.shape.dim][2:] for value in known}


if __name__ == "__main__":
    path = Path(sys.argv[1]) if len(sys.argv) > 1 else PACKAGE
    path.write_bytes(with_products(onnx.load(path)).SerializeToString())
