"""Why no GPU runs the graphs, and the command that mends it."""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import onnxruntime as ort

__all__ = ["CPU", "CUDA", "TENSORRT", "GpuProblem", "gpu_problem", "has_gpu", "not_started", "tensorrt_problem"]

TENSORRT, CUDA, CPU = "TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"
_CLEAN_INSTALL = "pip uninstall -y onnxruntime onnxruntime-gpu && pip install onnxruntime-gpu"
_LIBRARIES = "pip install 'onnxruntime-gpu[cuda,cudnn]'"
_NVIDIA, _DISPLAY = "0x10de", "0x03"


@dataclass(frozen=True)
class GpuProblem:
    """What keeps the graphs from a GPU."""

    reason: str
    remedy: str
    """A command, or what to do where there is none."""

    def __str__(self) -> str:
        return f"{self.reason}: {self.remedy}"


def gpu_problem() -> GpuProblem | None:
    """The first thing that keeps ONNX Runtime from a GPU on this machine; None where it may be asked for one."""
    if CUDA not in ort.get_available_providers():
        if {"onnxruntime", "onnxruntime-gpu"} <= _installed():
            return GpuProblem("onnxruntime lies on top of onnxruntime-gpu and hides its CUDA", _CLEAN_INSTALL)
        return GpuProblem("this onnxruntime is the CPU-only package, without CUDA", _CLEAN_INSTALL)
    if not _driver_loads():
        name = "an NVIDIA card, but no driver for it (libcuda)" if _has_card() else "no NVIDIA driver (libcuda)"
        return GpuProblem(f"there is {name} on this machine", _driver_remedy())
    if not _devices():
        return GpuProblem("the NVIDIA driver finds no GPU here", "nvidia-smi tells more; use --device cpu or auto")
    missing = [name for name in _needed_libraries() if not _loads(name)]
    if missing:
        return GpuProblem(f"{_told(missing)} not found", _LIBRARIES)
    return None


def tensorrt_problem() -> GpuProblem | None:
    """The first thing that keeps ONNX Runtime from TensorRT on this machine; None where it may be asked for it."""
    if (problem := gpu_problem()) is not None:
        return problem
    if TENSORRT not in ort.get_available_providers():
        return GpuProblem("this onnxruntime was built without TensorRT", "use --device cuda")
    library = "nvinfer_10.dll" if sys.platform == "win32" else "libnvinfer.so.10"
    if not _loads(library):
        return GpuProblem(f"TensorRT ({library}) not found", "pip install tensorrt, or use --device cuda")
    return None


def has_gpu() -> bool:
    """Whether the machine has an NVIDIA GPU, whatever state its software is in."""
    return _devices() > 0 if _driver_loads() else _has_card()


def not_started(what: str = "CUDA") -> GpuProblem:
    """What to say where everything seems to be there and it did not start all the same."""
    remedy = _LIBRARIES if what == "CUDA" else "pip install --upgrade tensorrt, or use --device cuda"
    return GpuProblem(f"{what} was asked for but did not start; its libraries may be of another version", remedy)


def _installed() -> set[str]:
    import importlib.metadata  # slow to import, and seldom needed

    names = set()
    for name in ("onnxruntime", "onnxruntime-gpu"):
        with suppress(importlib.metadata.PackageNotFoundError):
            names.add(importlib.metadata.distribution(name).metadata["Name"])
    return names


def _driver_remedy() -> str:
    if sys.platform == "linux" and _has_card():
        return "sudo ubuntu-drivers install, or your system's package nvidia-driver, then restart"
    return "use --device cpu or auto"


@cache
def _driver_loads() -> bool:
    """Whether a CUDA driver is there; asking ONNX Runtime for CUDA without one prints errors."""
    return _loads("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1")


@cache
def _devices() -> int:
    """How many GPUs the driver has."""
    driver, count = ctypes.CDLL("nvcuda.dll" if sys.platform == "win32" else "libcuda.so.1"), ctypes.c_int(0)
    if driver.cuInit(0) != 0 or driver.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return 0
    return count.value


def _has_card(devices: Path = Path("/sys/bus/pci/devices")) -> bool:
    """Whether an NVIDIA card is plugged in, as Linux tells."""
    with suppress(OSError):
        for device in devices.iterdir():
            kind, maker = ((device / name).read_text() for name in ("class", "vendor"))
            if maker.startswith(_NVIDIA) and kind.startswith(_DISPLAY):
                return True
    return False


def _needed_libraries() -> list[str]:
    """The libraries that ONNX Runtime's CUDA provider opens, on Linux."""
    if sys.platform != "linux":
        return []
    major = str(getattr(ort, "cuda_version", "") or "13").split(".")[0]
    return [f"libcudart.so.{major}", f"libcublas.so.{major}", f"libcublasLt.so.{major}", "libcudnn.so.9"]


def _told(missing: list[str]) -> str:
    kinds = sorted({"cuDNN" if "cudnn" in name else "CUDA" for name in missing})
    return f"{' and '.join(kinds)} ({', '.join(missing)})"


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
