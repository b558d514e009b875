"""ONNX Runtime sessions on the processor that was asked for, and the truth about which one runs."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from functools import cache
from typing import Literal

import onnxruntime as ort

from lsl_runtime.gpu import CPU, CUDA, GpuProblem, gpu_problem, has_gpu, not_started
from lsl_shared.errors import DeviceError

__all__ = ["Device", "open_session", "unused_gpu"]

Device = Literal["auto", "cpu", "cuda"]

_ERRORS_ONLY, _FATAL_ONLY = 3, 4


def open_session(graph: bytes, device: Device, threads: int | None = None) -> ort.InferenceSession:
    """A session over an ONNX graph; `session.get_providers()[0]` tells what really runs it.

    `auto` takes the GPU where one works and falls back to the CPU (`unused_gpu` says why). Raises DeviceError, with the
    reason and the command that mends it, where `cuda` was asked for and does not start.
    """
    options = ort.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY if device == "cuda" else _FATAL_ONLY
    if threads is not None:
        options.intra_op_num_threads = threads
    session = ort.InferenceSession(graph, options, providers=_providers(device))
    if device == "cuda" and session.get_providers()[0] != CUDA:
        raise DeviceError(str(not_started()))
    return session


def unused_gpu(session: ort.InferenceSession) -> GpuProblem | None:
    """Why a session does not run on the GPU that this machine has; None where it does, or where there is no GPU."""
    if session.get_providers()[0] == CUDA or not has_gpu():
        return None
    return gpu_problem() or not_started()


def _providers(device: Device) -> list[str]:
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"device must be auto, cpu or cuda, received {device!r}")
    if device == "cpu" or (device == "auto" and not has_gpu()):
        return [CPU]
    _preload()
    problem = gpu_problem()
    if device == "cuda" and problem is not None:
        raise DeviceError(str(problem))
    return [CPU] if problem is not None else [CUDA, CPU]


@cache
def _preload() -> None:
    """Loads the CUDA libraries that pip installed; what ONNX Runtime prints of missing ones is told by us."""
    if CUDA in ort.get_available_providers():
        with redirect_stdout(io.StringIO()):
            ort.preload_dlls()
