"""Other programs that run ONNX graphs: each takes a graph and answers a batch, such as the golden sample."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError

__all__ = ["ENGINES", "Answer", "load_graph"]

Answer = Callable[[Mapping[str, NDArray[Any]]], dict[str, NDArray[Any]]]
"""Input name → batch, to output name → batch."""


def load_graph(engine: str, graph: Path) -> Answer:
    """A graph on an engine, one of `ENGINES`. Raises ConfigError where it is not installed, or refuses the graph."""
    if engine not in ENGINES:
        raise ConfigError(f"--engine must be one of {', '.join(ENGINES)}, received {engine!r}")
    package, load = ENGINES[engine]
    try:
        import_module(package.replace("-", "_") if package != "opencv-python" else "cv2")
    except ImportError:
        raise ConfigError(f"--engine {engine}: pip install {package}") from None
    try:
        return load(graph)
    except Exception as problem:  # whatever the engine raises: it is outside code
        raise ConfigError(f"{engine} cannot load {graph.name}: {_first_line(problem)}") from None


def _onnxruntime(graph: Path) -> Answer:
    session = import_module("onnxruntime").InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]
    return lambda feeds: dict(zip(names, session.run(names, dict(feeds)), strict=True))


def _openvino(graph: Path) -> Answer:
    compiled = import_module("openvino").Core().compile_model(str(graph), "CPU")

    def answer(feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        found = compiled(dict(feeds))
        return {port.get_any_name(): np.array(found[port]) for port in compiled.outputs}

    return answer


def _opencv(graph: Path) -> Answer:
    network = import_module("cv2").dnn.readNetFromONNX(str(graph))
    names = network.getUnconnectedOutLayersNames()

    def answer(feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        for name, values in feeds.items():
            network.setInput(values, name)
        return {name: np.array(found) for name, found in zip(names, network.forward(names), strict=True)}

    return answer


def _tract(graph: Path) -> Answer:
    model = import_module("tract").onnx().load(str(graph))
    inputs = [model.input_name(place) for place in range(model.input_count())]
    session = import_module("onnxruntime").InferenceSession(str(graph), providers=["CPUExecutionProvider"])
    names = [one.name for one in session.get_outputs()]  # tract calls outputs after the operators that make them
    runnable = model.into_model().into_runnable()

    def answer(feeds: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        found = runnable.run([feeds[name] for name in inputs])
        return {name: one.to_numpy() for name, one in zip(names, found, strict=True)}

    return answer


ENGINES: dict[str, tuple[str, Callable[[Path], Answer]]] = {
    "onnxruntime": ("onnxruntime", _onnxruntime),
    "openvino": ("openvino", _openvino),
    "opencv": ("opencv-python", _opencv),
    "tract": ("tract", _tract),
}
"""Name → the package that brings it, how it loads a graph."""


def _first_line(problem: Exception) -> str:
    return (str(problem).strip().splitlines() or [type(problem).__name__])[0][:200]
