from __future__ import annotations

import json

import numpy as np
import onnx
import pytest
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from lsl_tools.model_page.weights import pack_graphs, unpack_graph

KERNEL = np.random.default_rng(0).normal(size=(6, 5, 3, 3)).astype(np.float32)
TURNED = {
    "same": KERNEL,
    "flipped": np.ascontiguousarray(KERNEL[:, :, ::-1, ::-1]),
    "transposed": np.ascontiguousarray(KERNEL.transpose(1, 0, 2, 3)),
    "every second tap": np.ascontiguousarray(KERNEL.transpose(1, 0, 2, 3)[:, :, ::-2, ::2]),
}


def _graph(*weights: NDArray[np.float32]) -> bytes:
    tensors = [numpy_helper.from_array(values, f"w{place}") for place, values in enumerate(weights)]
    nodes = [helper.make_node("Identity", [tensor.name], [f"y{place}"]) for place, tensor in enumerate(tensors)]
    outputs = [helper.make_tensor_value_info(f"y{place}", TensorProto.FLOAT, None) for place in range(len(weights))]
    return bytes(helper.make_model(helper.make_graph(nodes, "g", [], outputs, tensors)).SerializeToString())


@pytest.mark.parametrize("name", TURNED)
def test_a_kernel_turned_round_is_kept_once(name: str) -> None:
    graphs = {"one": _graph(KERNEL), "two": _graph(np.tile(TURNED[name], (1, 1, 1, 1)))}
    packed = pack_graphs(graphs, "float32")
    assert {key: unpack_graph(packed, key) for key in graphs} == graphs
    large = TURNED[name].size >= 128
    assert len(packed.tensors) == 1
    assert len(packed.data) < KERNEL.nbytes + 700 + (0 if large else TURNED[name].nbytes)


def test_other_numbers_are_kept_apart_and_come_back_to_the_byte() -> None:
    other = np.random.default_rng(1).normal(size=KERNEL.shape).astype(np.float32)
    almost = KERNEL.copy()
    almost[5, 4, 2, 2] += 1e-6
    odd = np.array([0.0, -0.0, np.nan, np.inf, 1e-45] * 40, np.float32)
    graphs = {"one": _graph(KERNEL, other), "two": _graph(almost, odd, np.zeros(200, np.float32))}
    packed = pack_graphs(graphs, "float32")
    assert {key: unpack_graph(packed, key) for key in graphs} == graphs
    assert len(packed.tensors) == 4  # the zeros are the first number of `odd`, again and again


@pytest.mark.parametrize("scale", [1e-30, 1e-4, 1.0, 1e6, 1e30])
def test_sixteen_bits_round_to_eleven_digits_whatever_the_scale(scale: float) -> None:
    weights = (KERNEL * np.float32(scale)).astype(np.float32)
    packed = pack_graphs({"one": _graph(weights)}, "float16")
    found = numpy_helper.to_array(onnx.load_from_string(unpack_graph(packed, "one")).graph.initializer[0])
    assert (np.abs(found - weights) <= 2.0**-11 * np.abs(weights)).all()
    assert len(packed.data) < weights.nbytes / 2 + 400


def test_few_numbers_stay_as_they_are_in_sixteen_bits() -> None:
    settings = np.full(100, 1 / 3, np.float32)
    packed = pack_graphs({"one": _graph(settings)}, "float16")
    assert unpack_graph(packed, "one") == _graph(settings)


def test_the_pieces_are_ready_for_json() -> None:
    packed = pack_graphs({"one": _graph(KERNEL, TURNED["flipped"])}, "float16")
    assert json.loads(json.dumps(packed.graphs)) == packed.graphs
    assert json.loads(json.dumps(packed.tensors)) == packed.tensors
