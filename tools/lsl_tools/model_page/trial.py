"""Whether the web runtime runs a bundle's graphs: by the operators that it knows, and in Node.js where there is one."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import BundleError
from lsl_tools.model_page.graph_file import read_graph_file
from lsl_tools.model_page.library import RUNTIME_VERSION, Library
from lsl_tools.model_page.web_operators import LATEST_OPSET, WEB_OPERATORS

__all__ = ["check_operators", "run_in_node"]

_SCRIPT: Final = Path(__file__).with_name("page") / "trial.mjs"
_PATIENCE: Final = 600
_ONNX: Final = ("", "ai.onnx")


def check_operators(graph: bytes, path: Path) -> None:
    """Raises BundleError for a graph of operators, or of a version of them, that the web runtime does not know."""
    try:
        found = read_graph_file(graph)
    except ValueError as problem:
        raise BundleError(path, f"damaged graph ({problem}); copy the bundle again") from None
    unknown = sorted(found.operators - WEB_OPERATORS)
    newest = max((found.opsets[domain] for domain in _ONNX if domain in found.opsets), default=0)
    if unknown:
        raise BundleError(path, _refusal(f"does not know {', '.join(unknown)}"))
    if newest > LATEST_OPSET:
        raise BundleError(
            path, _refusal(f"knows operators up to opset {LATEST_OPSET}, and these are of opset {newest}")
        )


def run_in_node(
    library: Library, graphs: Mapping[str, bytes], feeds: Mapping[str, Mapping[str, NDArray[Any]]], bundle: Path
) -> dict[str, dict[str, NDArray[np.float32]]] | None:
    """What each graph gives for its feeds in the web runtime under Node.js; None where no Node.js runs it.

    Raises BundleError where the runtime refuses a graph.
    """
    node = shutil.which("node")
    if node is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        asked = _write_trial(Path(folder), library, graphs, feeds)
        try:
            told = subprocess.run(
                [node, str(_SCRIPT), folder], input=json.dumps(asked), capture_output=True, text=True, timeout=_PATIENCE
            )
            found = json.loads(told.stdout)
        except (ValueError, OSError, subprocess.TimeoutExpired):
            return None
        if "problem" in found:
            raise BundleError(bundle / f"{found['graph']}.onnx", _refusal(f"says {found['problem'][:300]!r}"))
        return {
            name: {output: np.fromfile(Path(folder) / place, "<f4") for output, place in outputs.items()}
            for name, outputs in found.items()
        }


def _refusal(reason: str) -> str:
    return f"ONNX Runtime Web {RUNTIME_VERSION}, which runs the page, {reason}: no page can be made of this model"


def _write_trial(
    folder: Path,
    library: Library,
    graphs: Mapping[str, bytes],
    feeds: Mapping[str, Mapping[str, NDArray[Any]]],
) -> list[dict[str, Any]]:
    """Puts the runtime, the graphs and what they are fed with into a folder; returns what is to be run."""
    (folder / "runtime.cjs").write_bytes(library.runtime + b"\nmodule.exports = ort;")
    (folder / "loader.mjs").write_bytes(library.loader)
    (folder / "runtime.wasm").write_bytes(library.wasm)
    asked = []
    for name, graph in graphs.items():
        (folder / f"{name}.onnx").write_bytes(graph)
        inputs = []
        for place, (key, values) in enumerate(feeds[name].items()):
            (folder / f"{name}-{place}.bin").write_bytes(values.tobytes())
            inputs.append([key, str(values.dtype), list(values.shape), f"{name}-{place}.bin"])
        asked.append({"graph": name, "inputs": inputs})
    return asked
