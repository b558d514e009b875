"""ONNX Runtime sessions on the processor that was asked for, and which one really runs."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from functools import cache
from typing import Any, Literal, get_args
from weakref import WeakKeyDictionary

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from lsl_runtime.model.gpu import CPU, CUDA, TENSORRT, GpuProblem, gpu_problem, has_gpu, not_started, tensorrt_problem
from lsl_shared.errors import DeviceError

__all__ = ["Answers", "Device", "open_session", "run_session", "unused_gpu"]

Device = Literal["auto", "cpu", "cuda", "tensorrt"]
"""`tensorrt` compiles the graphs for this GPU when they are opened, which takes a minute or so."""

Answers = dict[str, NDArray[np.float32]]
"""What a graph gives for a batch, by the names of its outputs."""

_KNOWN: WeakKeyDictionary[ort.InferenceSession, tuple[list[str], bool]] = WeakKeyDictionary()
"""The names of a session's outputs, and whether it runs on the CPU."""
_ERRORS_ONLY, _FATAL_ONLY = 3, 4
_ASKED: dict[str, tuple[str, str]] = {"cuda": (CUDA, "CUDA"), "tensorrt": (TENSORRT, "TensorRT")}
"""What must run where it was asked for: ONNX Runtime's name of it and ours."""


def open_session(graph: bytes, device: Device, threads: int | None = None) -> ort.InferenceSession:
    """A session over an ONNX graph; `session.get_providers()[0]` tells what really runs it.

    `auto` takes the GPU where one works and falls back to the CPU (`unused_gpu` says why). Raises DeviceError, with the
    reason and the command that mends it, where `cuda` or `tensorrt` was asked for and does not start.
    """
    options = ort.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY if device in _ASKED else _FATAL_ONLY
    if threads is not None:
        options.intra_op_num_threads = threads
    session = ort.InferenceSession(graph, options, providers=_providers(device))
    if device in _ASKED and session.get_providers()[0] != _ASKED[device][0]:
        raise DeviceError(str(not_started(_ASKED[device][1])))
    return session


def run_session(session: ort.InferenceSession, inputs: dict[str, NDArray[Any]]) -> Answers:
    """What the graph gives for `inputs`. On a GPU through IO binding: what comes out stays there until all is done."""
    if session not in _KNOWN:  # asking ONNX Runtime takes as long as a tenth of a small network
        names = [output.name for output in session.get_outputs()]
        _KNOWN[session] = names, session.get_providers()[0] == CPU
    names, is_on_cpu = _KNOWN[session]
    if is_on_cpu:
        return dict(zip(names, session.run(names, inputs), strict=True))
    binding = session.io_binding()
    for name, values in inputs.items():
        binding.bind_cpu_input(name, np.ascontiguousarray(values))
    for name in names:
        binding.bind_output(name, "cuda")
    session.run_with_iobinding(binding)
    return dict(zip(names, binding.copy_outputs_to_cpu(), strict=True))


def unused_gpu(session: ort.InferenceSession) -> GpuProblem | None:
    """Why a session does not run on the GPU that this machine has; None where it does, or where there is no GPU."""
    if session.get_providers()[0] != CPU or not has_gpu():
        return None
    return gpu_problem() or not_started()


def _providers(device: Device) -> list[str]:
    if device not in get_args(Device):
        raise DeviceError(f"device must be auto, cpu, cuda or tensorrt, received {device!r}")
    if device == "cpu" or (device == "auto" and not has_gpu()):
        return [CPU]
    _preload()
    problem = tensorrt_problem() if device == "tensorrt" else gpu_problem()
    if device in _ASKED and problem is not None:
        raise DeviceError(str(problem))
    if problem is not None:
        return [CPU]
    return [TENSORRT, CUDA, CPU] if device == "tensorrt" else [CUDA, CPU]


@cache
def _preload() -> None:
    """Loads the CUDA libraries that pip installed; what ONNX Runtime prints of missing ones is told by us."""
    if CUDA in ort.get_available_providers():
        with redirect_stdout(io.StringIO()):
            ort.preload_dlls()
