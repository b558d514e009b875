"""The choices that settings have."""

from __future__ import annotations

from typing import Literal

__all__ = [
    "Calibrating",
    "FeatureKind",
    "GraphPrecision",
    "LabelsDrawn",
    "Optimizer",
    "Precision",
    "ReferenceDraw",
    "Sampling",
    "Schedule",
    "Shares",
    "SplitKind",
]

Calibrating = Literal["auto", "split", "cross"]
FeatureKind = Literal["auto", "cells", "mean", "cls", "cls+mean", "registers"]
GraphPrecision = Literal["fp32", "fp16", "int8"]
LabelsDrawn = Literal["auto", "random", "by-class"]
Optimizer = Literal["sgd", "nesterov", "adamw"]
Precision = Literal["fp32", "bf16", "fp16"]
ReferenceDraw = Literal["sample", "batch"]
Sampling = Literal["shuffled", "balanced"]
Schedule = Literal["steps", "cosine"]
Shares = Literal["learnt", "equal"]
SplitKind = Literal["gene", "random", "stored"]
