from __future__ import annotations

import logging

import numpy as np
import onnx
import onnxruntime
import pytest

from lsl_trainer.graphs.int8 import to_int8


@pytest.fixture
def model() -> onnx.ModelProto:
    """Pixels → a convolution → ReLU → means: a classifier in the small, with metadata."""
    make, float32 = onnx.helper.make_node, onnx.TensorProto.FLOAT
    weight = np.random.default_rng(0).normal(size=(16, 3, 3, 3)).astype(np.float32) / 255
    nodes = [
        make("Transpose", ["image"], ["t"], perm=[0, 3, 1, 2]),
        make("Cast", ["t"], ["x"], to=float32),
        make("Conv", ["x", "w"], ["z"], pads=[1] * 4),
        make("Relu", ["z"], ["a"]),
        make("ReduceMean", ["a", "axes"], ["logits"], keepdims=0),
    ]
    graph = onnx.helper.make_graph(
        nodes,
        "classifier",
        [onnx.helper.make_tensor_value_info("image", onnx.TensorProto.UINT8, ["batch", 8, 10, 3])],
        [onnx.helper.make_tensor_value_info("logits", float32, ["batch", 16])],
        [
            onnx.numpy_helper.from_array(weight, "w"),
            onnx.numpy_helper.from_array(np.array([2, 3], np.int64), "axes"),
        ],
    )
    made = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 20)], ir_version=10)
    entry = made.metadata_props.add()
    entry.key, entry.value = "lsl", "kept"
    return made


def images(n: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (n, 8, 10, 3), dtype=np.uint8)


def logits(model: onnx.ModelProto) -> np.ndarray:
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return np.asarray(session.run(None, {"image": images(5)})[0])


def test_quantized_convolutions_answer_nearly_the_same(model: onnx.ModelProto) -> None:
    quantized = to_int8(model, images(9))
    expected = logits(model)
    assert np.linalg.norm(logits(quantized) - expected) < 0.03 * np.linalg.norm(expected)
    assert "DequantizeLinear" in {node.op_type for node in quantized.graph.node}
    assert onnx.TensorProto.INT8 in {tensor.data_type for tensor in quantized.graph.initializer}
    assert [(entry.key, entry.value) for entry in quantized.metadata_props] == [("lsl", "kept")]


def test_quantizing_says_nothing_and_leaves_logging_as_it_was(
    model: onnx.ModelProto, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    to_int8(model, images(4))
    assert capfd.readouterr() == ("", "")
    assert not caplog.records
    assert logging.root.manager.disable == logging.NOTSET


def test_the_mean_of_the_features_is_that_of_float32(model: onnx.ModelProto) -> None:
    model.graph.output.append(onnx.helper.make_tensor_value_info("features", onnx.TensorProto.FLOAT, ["batch", 16]))
    model.graph.node[-1].output[0] = "features"
    model.graph.node.append(onnx.helper.make_node("Identity", ["features"], ["logits"]))
    shown = images(12)
    found = []
    for one in (model, to_int8(model, shown)):
        session = onnxruntime.InferenceSession(one.SerializeToString(), providers=["CPUExecutionProvider"])
        found.append(np.asarray(session.run(["logits"], {"image": shown})[0]))
    assert np.abs(found[0] - found[1]).max() > 1e-5  # it is rounded
    np.testing.assert_allclose(found[0].mean(0), found[1].mean(0), atol=1e-6 * np.abs(found[0]).max())
