"""Run trained models with ONNX Runtime: annotate image stores, build genomewide expression maps. No torch.

Names are imported when they are first used, so that commands need not wait for what they do not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsl_runtime.annotating import Annotated, annotate, annotate_shard, join_shards
    from lsl_runtime.comparison_picture import draw_comparison
    from lsl_runtime.evaluation import Evaluation, evaluate
    from lsl_runtime.gem import Gem, build_gem, build_gems
    from lsl_runtime.gem_compare import GemComparison, GemSide, compare_gems
    from lsl_runtime.gem_comparison_file import read_comparison, write_comparison
    from lsl_runtime.gem_file import read_gem, write_gems
    from lsl_runtime.gem_landmarks import Landmark, landmarks
    from lsl_runtime.gem_page import write_page
    from lsl_runtime.gem_panel import draw_panel
    from lsl_runtime.gem_picture import draw_gem
    from lsl_runtime.gem_table import write_gene_table, write_landmarks
    from lsl_runtime.model import Model, Predictions
    from lsl_runtime.saliency_panel import SaliencySample, draw_saliency, saliency_samples
    from lsl_runtime.table import write_csv, write_parquet

__all__ = [
    "Annotated",
    "Evaluation",
    "Gem",
    "GemComparison",
    "GemSide",
    "Landmark",
    "Model",
    "Predictions",
    "SaliencySample",
    "annotate",
    "annotate_shard",
    "build_gem",
    "build_gems",
    "compare_gems",
    "draw_comparison",
    "draw_gem",
    "draw_panel",
    "draw_saliency",
    "evaluate",
    "join_shards",
    "landmarks",
    "read_comparison",
    "read_gem",
    "saliency_samples",
    "write_comparison",
    "write_csv",
    "write_gems",
    "write_gene_table",
    "write_landmarks",
    "write_page",
    "write_parquet",
]

_MODULE = {
    "Annotated": "annotating",
    "Evaluation": "evaluation",
    "Gem": "gem",
    "GemComparison": "gem_compare",
    "GemSide": "gem_compare",
    "Landmark": "gem_landmarks",
    "Model": "model",
    "Predictions": "model",
    "SaliencySample": "saliency_panel",
    "annotate": "annotating",
    "annotate_shard": "annotating",
    "build_gem": "gem",
    "build_gems": "gem",
    "compare_gems": "gem_compare",
    "draw_comparison": "comparison_picture",
    "draw_gem": "gem_picture",
    "draw_panel": "gem_panel",
    "draw_saliency": "saliency_panel",
    "evaluate": "evaluation",
    "join_shards": "annotating",
    "landmarks": "gem_landmarks",
    "read_comparison": "gem_comparison_file",
    "read_gem": "gem_file",
    "saliency_samples": "saliency_panel",
    "write_comparison": "gem_comparison_file",
    "write_csv": "table",
    "write_gems": "gem_file",
    "write_gene_table": "gem_table",
    "write_landmarks": "gem_table",
    "write_page": "gem_page",
    "write_parquet": "table",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
