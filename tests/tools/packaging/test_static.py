from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from lsl_runtime import Model
from lsl_shared.files.manifest import golden_image
from lsl_tools.inspection.engines import load_graph
from lsl_tools.packaging.static import static_graph, static_name

onnx = pytest.importorskip("onnx")

EARLIER = Path(__file__).parents[2] / "earlier" / "0.1.0" / "run" / "model"


@pytest.mark.parametrize("name", ["classifier.onnx", "saliency.onnx"])
def test_every_shape_is_known_and_the_answers_are_the_same(name: str, tmp_path: Path) -> None:
    target = tmp_path / static_name(name)
    static_graph(EARLIER / name, target)
    graph = onnx.load(target).graph
    for value in (*graph.input, *graph.value_info, *graph.output):
        assert all(size.dim_value > 0 for size in value.type.tensor_type.shape.dim), value.name
    assert len(graph.value_info) > 20
    feeds = {"image": golden_image(*Model.load(EARLIER, "cpu").manifest.image_size)}
    if name == "saliency.onnx":
        feeds["class_index"] = np.full(1, -1)
    expected, found = load_graph("onnxruntime", EARLIER / name)(feeds), load_graph("onnxruntime", target)(feeds)
    for output, values in expected.items():
        np.testing.assert_allclose(found[output], values, rtol=1e-5, atol=1e-6)
    assert onnx.load(target).metadata_props[0].key == onnx.load(EARLIER / name).metadata_props[0].key
