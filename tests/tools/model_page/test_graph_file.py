from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from lsl_tools.model_page.graph_file import read_graph_file
from tests.support.bands import write_bundle


def test_it_finds_what_the_onnx_library_finds(tmp_path: Path) -> None:
    for path in write_bundle(tmp_path / "model").glob("*.onnx"):
        data, known = path.read_bytes(), onnx.load(path)
        found = read_graph_file(data)
        assert found.opsets == {one.domain: one.version for one in known.opset_import}
        assert found.operators == {node.op_type for node in known.graph.node}
        for weight, tensor in zip(found.weights, known.graph.initializer, strict=True):
            assert (weight.type, weight.shape) == (tensor.data_type, tuple(tensor.dims))
            assert data[weight.start : weight.stop] == tensor.raw_data


def test_operators_of_another_domain_are_named_with_it() -> None:
    found = read_graph_file(_one_node(helper.make_node("FusedGemm", ["x"], ["y"], domain="com.microsoft")))
    assert found.operators == {"com.microsoft.FusedGemm"}


def test_packed_and_single_dimensions_are_read(tmp_path: Path) -> None:
    """Protobuf may write a list of numbers in two ways; onnx writes the first, other programs the second."""
    tensor = numpy_helper.from_array(np.ones((2, 300), np.float32), "w").SerializeToString()
    single, packed = b"\x08\x02\x08\xac\x02", b"\x0a\x03\x02\xac\x02"
    assert tensor.count(single) == 1
    graph = _one_node(helper.make_node("Relu", ["w"], ["y"]))
    for dims in (single, packed):
        changed = tensor.replace(single, dims)
        inside = b"\x2a" + _length(changed) + changed
        whole = graph + b"\x3a" + _length(inside) + inside
        assert read_graph_file(whole).weights[0].shape == (2, 300)


@pytest.mark.parametrize("data", [b"", b"stage 9", bytes(100), b"\xff" * 50])
def test_other_files_are_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"no operators|no ONNX file|cut off"):
        read_graph_file(data)


def test_a_file_that_is_cut_off_is_refused(tmp_path: Path) -> None:
    data = (write_bundle(tmp_path / "model") / "classifier.onnx").read_bytes()
    with pytest.raises(ValueError, match="cut off"):
        read_graph_file(data[: len(data) // 2])


def _one_node(node: onnx.NodeProto) -> bytes:
    value = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    return bytes(helper.make_model(helper.make_graph([node], "one", [], [value])).SerializeToString())


def _length(data: bytes) -> bytes:
    assert len(data) < 1 << 14
    return bytes([len(data) & 127 | 128, len(data) >> 7])
