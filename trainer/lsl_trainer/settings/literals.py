"""The choices that settings have."""

from __future__ import annotations

from typing import Literal

__all__ = ["GraphPrecision", "Optimizer", "Precision", "ReferenceDraw", "Sampling", "Schedule", "SplitKind"]

GraphPrecision = Literal["fp32", "fp16", "int8"]
Optimizer = Literal["sgd", "nesterov", "adamw"]
Precision = Literal["fp32", "bf16", "fp16"]
ReferenceDraw = Literal["sample", "batch"]
Sampling = Literal["shuffled", "balanced"]
Schedule = Literal["steps", "cosine"]
SplitKind = Literal["gene", "random", "stored"]
