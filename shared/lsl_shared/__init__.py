"""What the trainer and the runtime of the LSL toolkit agree on: labels, stores, annotations, manifests, errors."""

from __future__ import annotations

from lsl_shared.annotations import Annotations, Status, annotations_path
from lsl_shared.errors import (
    AnnotationsError,
    BundleError,
    ConfigError,
    DataFileError,
    DeviceError,
    ExportError,
    GemError,
    ImageError,
    LabelError,
    LslError,
    StoreError,
    TrainingError,
)
from lsl_shared.expression import Expression, expression
from lsl_shared.labels import LabelSpace
from lsl_shared.manifest import GoldenSample, Manifest, Task
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
