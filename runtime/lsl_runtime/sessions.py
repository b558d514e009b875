"""ONNX Runtime sessions on the processor that was asked for, and the truth about which one runs."""

from __future__ import annotations

import ctypes
import sys
from functools import cache
from typing import Literal

import onnxruntime as ort

from lsl_shared.errors import DeviceError

__all__ = ["Device", "open_session"]

Device = Literal["auto", "cpu", "cuda"]

_CUDA, _CPU = "CUDAExecutionProvider", "CPUExecutionProvider"
_ERRORS_ONLY, _FATAL_ONLY = 3, 4


def open_session(graph: bytes, device: Device, threads: int | None = None) -> ort.InferenceSession:
    """A session over an ONNX graph; `session.get_providers()[0]` tells what really runs it.

    `auto` takes the GPU where a CUDA driver loads and falls back to the CPU. Raises DeviceError where `cuda` was asked
    for and does not start.
    """
    options = ort.SessionOptions()
    options.log_severity_level = _ERRORS_ONLY if device == "cuda" else _FATAL_ONLY
    if threads is not None:
        options.intra_op_num_threads = threads
    session = ort.InferenceSession(graph, options, providers=_providers(device))
    if device == "cuda" and session.get_providers()[0] != _CUDA:
        raise DeviceError(
            "CUDA was asked for but did not start; install its libraries: pip install 'lsl-toolkit[cuda]'"
        )
    return session


def _providers(device: Device) -> list[str]:
    if device not in ("auto", "cpu", "cuda"):
        raise DeviceError(f"device must be auto, cpu or cuda, received {device!r}")
    built_in, driver = _CUDA in ort.get_available_providers(), _driver_loads()
    if device == "cuda" and not built_in:
        raise DeviceError("this onnxruntime has no CUDA: pip uninstall onnxruntime; pip install onnxruntime-gpu")
    if device == "cuda" and not driver:
        raise DeviceError("no NVIDIA driver (libcuda) on this machine; use --device cpu or auto")
    if device == "cpu" or not (built_in and driver):
        return [_CPU]
    ort.preload_dlls()
    return [_CUDA, _CPU]


@cache
def _driver_loads() -> bool:
    """Whether a CUDA driver is there; asking ONNX Runtime for CUDA without one prints errors."""
    try:
        ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")
    except OSError:
        return False
    return True
