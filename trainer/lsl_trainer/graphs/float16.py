"""Graphs in half precision for the GPU: the same inputs and outputs, float16 between them."""

from __future__ import annotations

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import helper, numpy_helper

__all__ = ["to_float16"]

_FLOAT, _HALF = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16
_IN_FLOAT32 = (
    "Constant", "ConstantOfShape", "Div", "Erf", "Exp", "Gemm", "GroupNormalization", "InstanceNormalization",
    "LayerNormalization", "Log", "MatMul", "Pow", "Reciprocal", "ReduceL2", "ReduceMean", "ReduceSum",
    "ReduceSumSquare", "Softmax", "Sqrt", "Sub",
)  # fmt: skip
"""Operators that stay in float32, because float16 would lose much there and gain little: the normalization of pixels
and inside the network, the linear layer (it sums over all features), the probabilities."""

_LIFT = 256.0
"""A gradient is multiplied by this, and its map divided again: values near 1e-4 have few digits in float16."""
_AFTER_GRADIENT = ("Abs", "DepthToSpace", "ReduceMax", "Reshape", "Slice", "Squeeze", "Transpose")
"""Operators between the last convolution of a gradient and the map. A factor goes through each of them unchanged."""


def to_float16(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy of a graph made by `export`, which computes in float16. Its inputs and outputs keep their types.

    Normalization, the linear layer and the probabilities stay in float32. `model` itself is not changed.
    """
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    _bypass_anchors(copy.graph)
    _exact_steps(copy.graph)
    lowering = _lift_gradient(copy.graph)
    _Halving(onnx.shape_inference.infer_shapes(copy).graph, lowering).rewrite(copy.graph)
    onnx.checker.check_model(copy, full_check=True)
    return copy


class _Halving:
    """Rewrites the nodes of a graph one after the other, and adds casts where float32 and float16 meet."""

    def __init__(self, inferred: onnx.GraphProto, kept: tuple[str, ...]) -> None:
        """`inferred` is the graph with the types of its values; `kept` names nodes that stay in float32."""
        self.kept = kept
        values = (*inferred.input, *inferred.value_info, *inferred.output)
        self.types = {value.name: value.type.tensor_type.elem_type for value in values}
        self.constants = {tensor.name: tensor for tensor in inferred.initializer}
        self.types |= {name: tensor.data_type for name, tensor in self.constants.items()}
        self.nodes: list[onnx.NodeProto] = []

    def rewrite(self, graph: onnx.GraphProto) -> None:
        """Replaces the nodes and constants of `graph`; the types of its outputs stay."""
        outputs = {value.name for value in graph.output}
        for node in graph.node:
            self._append(node, outputs)
        read = {name for node in self.nodes for name in node.input}
        for entries, new in (
            (graph.node, self.nodes),
            (graph.initializer, [tensor for name, tensor in self.constants.items() if name in read]),
        ):
            del entries[:]
            entries.extend(new)
        del graph.value_info[:]

    def _append(self, node: onnx.NodeProto, outputs: set[str]) -> None:
        kind = _FLOAT if node.op_type in _IN_FLOAT32 or node.name in self.kept else _HALF
        new = onnx.NodeProto()
        new.CopyFrom(node)
        for place, name in enumerate(node.input):
            if node.op_type != "Resize" or place == 0:  # its scales are always float32
                new.input[place] = self._as(name, kind)
        for attribute in new.attribute:
            if node.op_type == "Cast" and attribute.name == "to" and attribute.i == _FLOAT:
                attribute.i = kind
        self.nodes.append(new)
        for place, name in enumerate(node.output):
            if self.types.get(name) == _FLOAT and kind == _HALF:
                self._halve_output(new, place, name, is_output=name in outputs)

    def _halve_output(self, node: onnx.NodeProto, place: int, name: str, is_output: bool) -> None:
        if not is_output:
            self.types[name] = _HALF
            return
        node.output[place] = f"{name}_half"
        self.types[f"{name}_half"] = _HALF
        self.nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=_FLOAT))

    def _as(self, name: str, kind: int) -> str:
        """The name of the same value in float32 or float16. Values of other types keep their name."""
        if self.types.get(name) not in (_FLOAT, _HALF) or self.types[name] == kind:
            return name
        other = f"{name}_as_{'half' if kind == _HALF else 'float'}"
        if other not in self.types:
            self.types[other] = kind
            if name in self.constants:
                self.constants[other] = numpy_helper.from_array(_finite(self.constants[name]), other)
            else:
                self.nodes.append(helper.make_node("Cast", [name], [other], to=kind))
        return other


def _finite(tensor: onnx.TensorProto) -> NDArray[np.float16]:
    """A float32 constant in float16. Numbers that are too large become the largest one."""
    limit = float(np.finfo(np.float16).max)
    values: NDArray[np.float16] = np.clip(numpy_helper.to_array(tensor), -limit, limit).astype(np.float16)
    return values


def _bypass_anchors(graph: onnx.GraphProto) -> None:
    """Drops the 1×1 poolings, which only help on processors (see `translations`)."""
    renamed: dict[str, str] = {}
    kept = []
    for node in graph.node:
        for place, name in enumerate(node.input):
            node.input[place] = renamed.get(name, name)
        if node.op_type == "AveragePool" and _kernel(node) == [1, 1]:
            renamed[node.output[0]] = node.input[0]
        else:
            kept.append(node)
    del graph.node[:]
    graph.node.extend(kept)


def _kernel(node: onnx.NodeProto) -> list[int]:
    attributes = {attribute.name: helper.get_attribute_value(attribute) for attribute in node.attribute}
    return list(attributes["kernel_shape"]) if attributes.keys() == {"kernel_shape"} else []


def _lift_gradient(graph: onnx.GraphProto) -> tuple[str, ...]:
    """Multiplies the last kernel of the gradient by _LIFT and divides the map by it.

    Returns the names of the nodes that divide; they stay in float32.
    """
    producers = {name: node for node in graph.node for name in node.output}
    last = producers.get("saliency")
    if last is None:
        return ()
    node: onnx.NodeProto | None = last
    while node is not None and node.op_type in _AFTER_GRADIENT:
        node = producers.get(node.input[0])
    kernels = {tensor.name: tensor for tensor in graph.initializer}
    if node is None or node.op_type != "Conv" or node.input[1] not in kernels:
        return ()
    kernel = kernels[node.input[1]]
    kernel.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(kernel) * np.float32(_LIFT), kernel.name))
    last.output[0] = "lifted_saliency"
    graph.initializer.append(numpy_helper.from_array(np.array(1 / _LIFT, np.float32), "lift"))
    graph.node.append(helper.make_node("Mul", ["lifted_saliency", "lift"], ["saliency"], name="lower_saliency"))
    return ("lower_saliency",)


def _ramp(node: onnx.NodeProto) -> tuple[float, float]:
    """Slope and start of a step function; zeros of any other operator."""
    if node.op_type != "HardSigmoid":
        return 0.0, 0.0
    numbers = {attribute.name: attribute.f for attribute in node.attribute}
    return numbers.get("alpha", 0.2), numbers.get("beta", 0.5)


def _exact_steps(graph: onnx.GraphProto) -> None:
    """Replaces each step function by the sign of a rectified value: no ramp of float16 is steep enough."""
    producers = {name: node.op_type for node in graph.node for name in node.output}
    nodes = []
    for node in graph.node:
        slope, start = _ramp(node)
        if slope < -1:  # a ramp down, from the limit
            limit = f"{node.output[0]}_limit"
            graph.initializer.append(numpy_helper.from_array(np.array(-start / slope, np.float32), limit))
            room, rectified = (f"{node.output[0]}_{part}" for part in ("room", "rectified"))
            nodes.append(helper.make_node("Sub", [limit, node.input[0]], [room]))
            nodes.append(helper.make_node("Relu", [room], [rectified]))
            node = helper.make_node("Sign", [rectified], [node.output[0]], name=node.name)
        elif slope > 1e30:
            rectified = node.input[0]
            if producers.get(rectified) != "Relu":
                rectified = f"{node.output[0]}_rectified"
                nodes.append(helper.make_node("Relu", [node.input[0]], [rectified]))
            node = helper.make_node("Sign", [rectified], [node.output[0]], name=node.name)
        nodes.append(node)
    del graph.node[:]
    graph.node.extend(nodes)
