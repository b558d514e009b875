"""The graphs of a model bundle on one device: read whole, opened when they are first needed, run on a batch."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lsl_runtime.model.cores import cores
from lsl_runtime.model.gpu import CPU
from lsl_runtime.model.sessions import Answers, Device, open_session, run_session, unused_gpu
from lsl_shared.errors import BundleError, LslError
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, SALIENCY, Manifest
from lsl_shared.measures.age import AGE_DENSITY
from lsl_shared.system_errors import unreadable

__all__ = ["Graphs", "read_bundle"]

_EXTERNAL_DATA = b"\x0a\x08location\x12"
"""How a tensor that lies in another file is written in an ONNX file (StringStringEntryProto, key "location")."""
_INPUTS = {
    CLASSIFIER: {"image"},
    SALIENCY: {"image", "class_index"},
    CONTRIBUTIONS: {"image", "direction", "class_index", "against_index"},
}
_ON_CPU, _ON_GPU, _IN_A_LANE = 16, 64, 2
"""Images in one pass: of all cores together, of a GPU, and of one core, whose cache holds the maps of two."""


class Graphs:
    """The graphs of the bundle `folder`, on the `device` that was asked for. Safe to call from several threads.

    `threads` limits ONNX Runtime's threads; None takes one for each core.
    """

    def __init__(self, folder: Path, contents: Mapping[str, bytes], device: Device, threads: int | None) -> None:
        self.folder, self.device, self.threads = folder, device, threads
        self._contents = contents
        self._sessions: dict[str, ort.InferenceSession] = {}
        self._opening = Lock()

    @cached_property
    def digest(self) -> str:
        """SHA-256 (hex) over the classifier and the saliency graph; the third graph is of the same network."""
        return hashlib.sha256(self._contents[CLASSIFIER] + self._contents[SALIENCY]).hexdigest()

    @property
    def has_age(self) -> bool:
        """Whether the graphs tell a density over time."""
        return any(output.name == AGE_DENSITY for output in self.session(CLASSIFIER).get_outputs())

    @property
    def provider(self) -> str:
        """ONNX Runtime's name of what really runs the graphs, such as CPUExecutionProvider."""
        return str(self.session(CLASSIFIER).get_providers()[0])

    @property
    def gpu_problem(self) -> str:
        """Why `auto` does not use the GPU that this machine has, and what mends it; '' where nothing is wrong."""
        problem = unused_gpu(self.session(CLASSIFIER)) if self.device == "auto" else None
        return "" if problem is None else str(problem)

    def batch_for(self, lanes: int) -> int:
        """How many images to send through at once in each of so many lanes: the graph's own number if it has one."""
        fixed = self.session(CLASSIFIER).get_inputs()[0].shape[0]
        if isinstance(fixed, int) and fixed > 0:
            return fixed
        if self.provider != CPU:
            return _ON_GPU
        return _ON_CPU if lanes == 1 else _IN_A_LANE

    def lanes(self) -> tuple[Graphs, int]:
        """The same graphs on one thread, and how many threads may run them side by side; on a GPU these, and 1."""
        count = (self.threads or cores()) if self.provider == CPU else 1
        return (self, 1) if count == 1 else (Graphs(self.folder, self._contents, self.device, 1), count)

    def classify(self, pixels: NDArray[np.uint8]) -> Answers:
        """What the classifier graph gives for one batch uint8 (n, H, W, 3): logits, probabilities, features …"""
        return run_session(self.session(CLASSIFIER), {"image": pixels})

    def explain(self, pixels: NDArray[np.uint8], class_index: NDArray[np.int64]) -> Answers:
        """What the saliency graph gives: the same, and `saliency` (n, H, W), of the logits `class_index` int64 (n,)."""
        return run_session(self.session(SALIENCY), {"image": pixels, "class_index": class_index})

    def contribute(
        self,
        pictures: NDArray[np.float32],
        direction: NDArray[np.float32],
        class_index: NDArray[np.int64],
        against: NDArray[np.int64],
    ) -> Answers:
        """What the contributions graph gives: `contributions` (n, H, W), and `logits` (n, K) of all tasks.

        `pictures` float32 (n, H, W, 3) in 0..255, `direction` likewise in units of 0..1, both indices int64 (n,).
        """
        inputs: dict[str, NDArray[Any]] = {
            "image": pictures,
            "direction": direction,
            "class_index": class_index,
            "against_index": against,
        }
        return run_session(self.session(CONTRIBUTIONS), inputs)

    @property
    def has_contributions(self) -> bool:
        """Whether the bundle has the contributions graph; those of version 0.1.0 have none."""
        return (self.folder / CONTRIBUTIONS).exists()

    def session(self, name: str) -> ort.InferenceSession:
        """The session of a graph, opened when it is first needed. Raises BundleError where the graph is damaged."""
        with self._opening:
            if name not in self._sessions:
                contents = self._contents[name] if name in self._contents else _contributions(self.folder / name)
                try:
                    self._sessions[name] = open_session(contents, self.device, self.threads)
                except LslError:
                    raise
                except Exception as problem:  # ONNX Runtime's own errors have no base but Exception
                    raise BundleError(self.folder / name, f"damaged graph ({problem}); copy the bundle again") from None
                _check_inputs(self._sessions[name], self.folder / name)
            return self._sessions[name]


def _check_inputs(session: ort.InferenceSession, graph: Path) -> None:
    """Raises BundleError for a graph that is not what its name says."""
    found = {entry.name for entry in session.get_inputs()}
    if found != _INPUTS[graph.name]:
        expected = f"expected a graph of {', '.join(sorted(_INPUTS[graph.name]))}, found {', '.join(sorted(found))}"
        raise BundleError(graph, f"{expected}; copy the bundle again")


def read_bundle(folder: Path, device: Device, threads: int | None) -> tuple[Manifest, Graphs]:
    """The manifest and the graphs of a bundle. Raises BundleError for a missing, incomplete, altered or newer one."""
    manifest = Manifest.from_json(_bytes(folder / MANIFEST).decode(errors="replace"), folder / MANIFEST)
    contents = {name: _graph(folder / name) for name in (CLASSIFIER, SALIENCY)}
    return manifest, Graphs(folder, contents, device, threads)


def _contributions(path: Path) -> bytes:
    """The contributions graph, which is read only where it is needed."""
    if not path.exists():
        raise BundleError(
            path, "no such file: an earlier version made this bundle. Train again with `lsl-train` to have "
            "contributions, or ask for another saliency method, such as integrated",
        )  # fmt: skip
    return _graph(path)


def _graph(path: Path) -> bytes:
    graph = _bytes(path)
    if _EXTERNAL_DATA in graph:
        raise BundleError(path, "keeps weights in another file (ONNX external data), which is refused")
    return graph


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        raise BundleError(path, "no such file. `lsl-train` makes a model bundle: RUN/model") from None
    except OSError as problem:
        raise BundleError(path, unreadable(problem, "expected a bundle such as RUN/model")) from None
