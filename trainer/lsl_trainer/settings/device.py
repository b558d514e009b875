"""Where a training runs, and with which arithmetic."""

from __future__ import annotations

import warnings
from typing import Literal

import torch

__all__ = ["Precision", "best_device"]


Precision = Literal["fp32", "bf16", "fp16"]


def best_device() -> torch.device:
    """The GPU where torch has one, else the CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of drivers that are too old; the CPU serves then
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
