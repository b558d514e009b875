"""Run trained models with ONNX Runtime: annotate image stores, build genomewide expression maps. No torch.

Names are imported when they are first used, so that commands need not wait for what they do not need.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsl_runtime.annotating import Annotated, annotate, annotate_shard, join_shards
    from lsl_runtime.evaluation import Evaluation, evaluate
    from lsl_runtime.gem.compare import GemComparison, GemSide, compare_gems
    from lsl_runtime.gem.comparison_file import read_comparison, write_comparison
    from lsl_runtime.gem.comparison_picture import draw_comparison
    from lsl_runtime.gem.file import read_gem, write_gems
    from lsl_runtime.gem.landmarks import Landmark, landmarks
    from lsl_runtime.gem.maps import Gem, build_gem, build_gems
    from lsl_runtime.gem.page import write_page
    from lsl_runtime.gem.panel import draw_panel
    from lsl_runtime.gem.picture import draw_gem
    from lsl_runtime.gem.saliency_panel import SaliencySample, draw_saliency, saliency_samples
    from lsl_runtime.gem.table import write_gene_table, write_landmarks
    from lsl_runtime.model import Model, Predictions
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
    "Gem": "gem.maps",
    "GemComparison": "gem.compare",
    "GemSide": "gem.compare",
    "Landmark": "gem.landmarks",
    "Model": "model",
    "Predictions": "model",
    "SaliencySample": "gem.saliency_panel",
    "annotate": "annotating",
    "annotate_shard": "annotating",
    "build_gem": "gem.maps",
    "build_gems": "gem.maps",
    "compare_gems": "gem.compare",
    "draw_comparison": "gem.comparison_picture",
    "draw_gem": "gem.picture",
    "draw_panel": "gem.panel",
    "draw_saliency": "gem.saliency_panel",
    "evaluate": "evaluation",
    "join_shards": "annotating",
    "landmarks": "gem.landmarks",
    "read_comparison": "gem.comparison_file",
    "read_gem": "gem.file",
    "saliency_samples": "gem.saliency_panel",
    "write_comparison": "gem.comparison_file",
    "write_csv": "table",
    "write_gems": "gem.file",
    "write_gene_table": "gem.table",
    "write_landmarks": "gem.table",
    "write_page": "gem.page",
    "write_parquet": "table",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
