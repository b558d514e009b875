"""Run trained models with ONNX Runtime: annotate image stores, build genomewide expression maps. No torch."""

from __future__ import annotations

from lsl_runtime.annotate import Annotated, annotate
from lsl_runtime.model import Model, Predictions
from lsl_runtime.table import write_csv

__all__ = ["Annotated", "Model", "Predictions", "annotate", "write_csv"]
