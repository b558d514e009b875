"""Runs a graph on one engine and on ONNX Runtime in turns: by_python.py ENGINE GRAPH IMAGES.npy; prints JSON.

The Python that runs this has the engine, onnxruntime, numpy and lazy_loader; PYTHONPATH leads to the toolkit.
"""

from __future__ import annotations

import json
import sys
import time
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from lsl_tools.inspection.engines import ENGINES, Answer, load_graph

_ROUNDS, _SECONDS = 5, 20.0


def of_tinygrad(graph: Path) -> Answer:
    """The graph by tinygrad's own importer."""
    runner, tensor = import_module("tinygrad.nn.onnx").OnnxRunner(str(graph)), import_module("tinygrad").Tensor

    def answer(feeds: Any) -> dict[str, Any]:
        return {name: one.numpy() for name, one in runner({key: tensor(value) for key, value in feeds.items()}).items()}

    return answer


def seconds(answer: Answer, feeds: dict[str, Any]) -> float:
    began = time.perf_counter()
    answer(feeds)
    return time.perf_counter() - began


def main(engine: str, graph: Path, images: np.ndarray) -> dict[str, Any]:
    feeds = {"image": images}
    if graph.name == "saliency.onnx":
        feeds["class_index"] = np.full(len(images), -1, np.int64)
    known = load_graph("onnxruntime", graph)
    other = of_tinygrad(graph) if engine == "tinygrad" else load_graph(engine, graph)
    expected, found = known(feeds), other(feeds)
    differences = {
        name: [float(np.abs(np.asarray(found[name]) - values).max()), float(np.abs(values).max())]
        for name, values in expected.items()
    }
    ratios: list[float] = []
    began = time.perf_counter()
    while len(ratios) < _ROUNDS and (not ratios or time.perf_counter() - began < _SECONDS):
        ratios.append(seconds(known, feeds) / seconds(other, feeds))
    return {"differences": differences, "rate": float(np.median(ratios))}


if __name__ == "__main__":
    if sys.argv[1] in ENGINES or sys.argv[1] == "tinygrad":
        print(json.dumps(main(sys.argv[1], Path(sys.argv[2]), np.load(sys.argv[3]))))
