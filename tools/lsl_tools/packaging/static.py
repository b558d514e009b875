"""Graphs of one fixed shape, for a single image: some engines want every size to be known."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

__all__ = ["static_graph", "static_name"]


def static_name(graph: str) -> str:
    """What the variant of a graph file is called: classifier-static.onnx."""
    return f"{Path(graph).stem}-static.onnx"


def static_graph(source: Path, target: Path) -> None:
    """Writes the graph `source` for batches of one image, every shape in it written down. Needs the package onnx."""
    onnx: Any = import_module("onnx")
    model = onnx.load(source, load_external_data=False)
    for value in (*model.graph.input, *model.graph.output):
        for size in value.type.tensor_type.shape.dim:
            if size.dim_param:
                size.dim_value = 1  # the batch is the only axis that is open
    del model.graph.value_info[:]
    onnx.save(onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True), target)
