"""What the trainer and the runtime of the LSL toolkit agree on: labels, stores, annotations, manifests, errors.

Names are imported when they are first used, so that `--help` of a command need not wait for NumPy and HDF5.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lsl_shared.annotations import Annotations, Status, annotations_path
    from lsl_shared.errors import (
        AnnotationsError,
        BundleError,
        ConfigError,
        DataFileError,
        DeviceError,
        ExportError,
        FetchError,
        GemError,
        ImageError,
        LabelError,
        LslError,
        StoreError,
        TrainingError,
    )
    from lsl_shared.labels import LabelSpace
    from lsl_shared.manifest import GoldenSample, Manifest, Task
    from lsl_shared.stain import Expression, expression
    from lsl_shared.store import Store
    from lsl_shared.store_writer import StoreWriter

__all__ = [
    "Annotations",
    "AnnotationsError",
    "BundleError",
    "ConfigError",
    "DataFileError",
    "DeviceError",
    "ExportError",
    "Expression",
    "FetchError",
    "GemError",
    "GoldenSample",
    "ImageError",
    "LabelError",
    "LabelSpace",
    "LslError",
    "Manifest",
    "Status",
    "Store",
    "StoreError",
    "StoreWriter",
    "Task",
    "TrainingError",
    "annotations_path",
    "expression",
]

_MODULE = {
    "Annotations": "annotations",
    "AnnotationsError": "errors",
    "BundleError": "errors",
    "ConfigError": "errors",
    "DataFileError": "errors",
    "DeviceError": "errors",
    "ExportError": "errors",
    "Expression": "stain",
    "FetchError": "errors",
    "GemError": "errors",
    "GoldenSample": "manifest",
    "ImageError": "errors",
    "LabelError": "errors",
    "LabelSpace": "labels",
    "LslError": "errors",
    "Manifest": "manifest",
    "Status": "annotations",
    "Store": "store",
    "StoreError": "errors",
    "StoreWriter": "store_writer",
    "Task": "manifest",
    "TrainingError": "errors",
    "annotations_path": "annotations",
    "expression": "stain",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE[name]}"), name)
