from __future__ import annotations

import numpy as np
import onnx
import onnxruntime

from lsl_trainer.graphs.float16 import to_float16

FLOAT, HALF = onnx.TensorProto.FLOAT, onnx.TensorProto.FLOAT16


def model_of(nodes: list[onnx.NodeProto], size: int, **constants: np.ndarray) -> onnx.ModelProto:
    values = [onnx.helper.make_tensor_value_info(name, FLOAT, [size]) for name in "xy"]
    tensors = [onnx.numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = onnx.helper.make_graph(nodes, "graph", values[:1], values[1:], tensors)
    return onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)


def run(model: onnx.ModelProto, x: list[float]) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"x": np.array(x, np.float32)})[0])


def test_steps_of_values_below_zero_stay_zero() -> None:
    nodes = [onnx.helper.make_node("HardSigmoid", ["x"], ["y"], alpha=float(np.finfo(np.float32).max), beta=0.0)]
    found = run(to_float16(model_of(nodes, 4)), [-3, -1e-6, 0, 2e-5])
    np.testing.assert_array_equal(found, [0, 0, 0, 1])


def test_one_value_read_by_two_float32_operators() -> None:
    make = onnx.helper.make_node
    nodes = [
        make("Mul", ["x", "c"], ["a"]),
        make("Div", ["a", "c"], ["b"]),
        make("Sub", ["a", "b"], ["d"]),
        make("Mul", ["d", "a"], ["y"]),
    ]
    model = model_of(nodes, 3, c=np.array([2.0], np.float32))
    half = to_float16(model)
    np.testing.assert_allclose(run(half, [1, 2, 3]), run(model, [1, 2, 3]), rtol=1e-3)
    assert HALF in {tensor.data_type for tensor in half.graph.initializer}
    assert [value.type.tensor_type.elem_type for value in half.graph.output] == [FLOAT]


def test_constants_stay_finite() -> None:
    half = to_float16(model_of([onnx.helper.make_node("Mul", ["x", "c"], ["y"])], 1, c=np.array([1e9], np.float32)))
    assert np.isfinite(run(half, [0.5])).all()
