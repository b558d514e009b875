"""Where a training runs."""

from __future__ import annotations

import warnings

import torch

__all__ = ["best_device"]


def best_device() -> torch.device:
    """The GPU where torch has one, else the CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns of drivers that are too old; the CPU serves then
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
