"""The classifier as the part of a saliency graph that gives its answers: nothing is traced a second time."""

from __future__ import annotations

from pathlib import Path

import onnx
from onnx.utils import Extractor

from lsl_shared.files.atomic import atomic_path

__all__ = ["write_classifier_of"]

_IMAGE, _SALIENCY = "image", "saliency"


def write_classifier_of(saliency: str | Path, path: str | Path) -> None:
    """Writes what the answers of the graph `saliency` need of it, with its metadata: all outputs but the map."""
    whole = onnx.load(saliency, load_external_data=False)
    answers = [output.name for output in whole.graph.output if output.name != _SALIENCY]
    part = Extractor(whole).extract_model([_IMAGE], answers)
    part.metadata_props.extend(whole.metadata_props)
    part.producer_name, part.producer_version = whole.producer_name, whole.producer_version
    onnx.checker.check_model(part, full_check=True)
    with atomic_path(path) as temporary:
        temporary.write_bytes(part.SerializeToString())
