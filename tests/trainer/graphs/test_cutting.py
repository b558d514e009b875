"""Graphs that are traced together, held against one that is exported by itself."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import torch

from lsl_shared import Manifest, Task
from lsl_trainer import export_classifier, residual_network
from lsl_trainer.graphs.export import export_graphs
from tests.support.squares import SIZE, small_config


def test_it_answers_bit_by_bit_as_one_exported_by_itself(tmp_path: Path) -> None:
    torch.manual_seed(0)
    network = residual_network(small_config().network, SIZE, 5).eval()
    manifest = Manifest(SIZE, (Task("stage", ("4", "5", "6")), Task("side", ("a", "b"))))
    alone, part = tmp_path / "alone.onnx", tmp_path / "part.onnx"
    export_classifier(network, manifest, alone)
    export_graphs(network, manifest, {"saliency": tmp_path / "saliency.onnx", "classifier": part})
    images = np.random.default_rng(0).integers(0, 255, (3, *SIZE, 3)).astype(np.uint8)
    sessions = [onnxruntime.InferenceSession(str(path)) for path in (alone, part)]
    names = [[output.name for output in session.get_outputs()] for session in sessions]
    assert names[0] == names[1]
    wanted, found = (session.run(None, {"image": images}) for session in sessions)
    assert all(np.array_equal(*pair) for pair in zip(wanted, found, strict=True))
    graphs = [onnx.load(path) for path in (alone, part)]
    assert [[entry.key for entry in graph.metadata_props] for graph in graphs] == [["lsl"], ["lsl"]]
    assert len(graphs[0].graph.node) == len(graphs[1].graph.node)
