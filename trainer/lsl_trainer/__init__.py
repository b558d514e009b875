"""Train networks by two-step deep low-shot learning and export them as ONNX graphs.

Names are imported when they are first used, so that `lsl-train --help` need not wait for torch, and a machine without
torch is told what to install.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsl_trainer.comparing.comparison import Comparison, compare
    from lsl_trainer.config import PRESETS, TrainConfig
    from lsl_trainer.folds import CrossValidation, cross_validate
    from lsl_trainer.graphs.export import export_classifier, export_saliency
    from lsl_trainer.graphs.variants import half_bundle, int8_bundle
    from lsl_trainer.losses import similarity_loss
    from lsl_trainer.networks import Network, NetworkConfig, residual_network
    from lsl_trainer.references import select_references
    from lsl_trainer.training import Run, train

__all__ = [
    "PRESETS",
    "Comparison",
    "CrossValidation",
    "Network",
    "NetworkConfig",
    "Run",
    "TrainConfig",
    "compare",
    "cross_validate",
    "export_classifier",
    "export_saliency",
    "half_bundle",
    "int8_bundle",
    "residual_network",
    "select_references",
    "similarity_loss",
    "train",
]

_MODULE = {
    "PRESETS": "config",
    "Comparison": "comparing.comparison",
    "CrossValidation": "folds",
    "Network": "networks",
    "NetworkConfig": "networks",
    "Run": "training",
    "TrainConfig": "config",
    "compare": "comparing.comparison",
    "cross_validate": "folds",
    "export_classifier": "graphs.export",
    "export_saliency": "graphs.export",
    "half_bundle": "graphs.variants",
    "int8_bundle": "graphs.variants",
    "residual_network": "networks",
    "select_references": "references",
    "similarity_loss": "losses",
    "train": "training",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
