"""The software and the machine that a training ran on."""

from __future__ import annotations

import platform
from importlib.metadata import version

import torch

__all__ = ["versions"]

_PACKAGES = ("lsl-toolkit", "torch", "numpy", "onnxruntime-gpu", "onnxruntime", "onnx", "scikit-learn")


def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that weights and graphs depend on; the machine, its threads and GPU."""
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except ModuleNotFoundError:  # one of the two packages of ONNX Runtime is not there
            continue
    gpu = torch.cuda.get_device_name() if torch.cuda.is_available() else ""
    return {**found, "machine": platform.platform(), "threads": str(torch.get_num_threads()), "gpu": gpu or "none"}
