"""Run trained models with ONNX Runtime: annotate image stores, build genomewide expression maps. No torch."""

from __future__ import annotations

from lsl_runtime.annotate import Annotated, annotate
from lsl_runtime.evaluate import Evaluation, evaluate
from lsl_runtime.gem import Gem, build_gem, build_gems
from lsl_runtime.gem_file import read_gem, write_gems
from lsl_runtime.gem_picture import draw_gem
from lsl_runtime.model import Model, Predictions
from lsl_runtime.table import write_csv

__all__ = [
    "Annotated",
    "Evaluation",
    "Gem",
    "Model",
    "Predictions",
    "annotate",
    "build_gem",
    "build_gems",
    "draw_gem",
    "evaluate",
    "read_gem",
    "write_csv",
    "write_gems",
]
