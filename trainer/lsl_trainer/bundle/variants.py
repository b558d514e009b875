"""Variants of a finished bundle: float16 for the GPU, an int8 classifier for the processor."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import onnx
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_shared.errors import ExportError
from lsl_shared.files.atomic import write_text
from lsl_shared.files.manifest import CLASSIFIER, MANIFEST, METADATA_KEY, SALIENCY, SPLIT, Manifest
from lsl_trainer.graphs.float16 import to_float16
from lsl_trainer.graphs.int8 import to_int8

__all__ = ["half_bundle", "int8_bundle"]

Conversions = dict[str, Callable[[onnx.ModelProto], onnx.ModelProto]]


def half_bundle(bundle: str | Path, out: str | Path) -> Manifest:
    """Writes the float16 variant of a bundle to the new folder `out`; its manifest says `precision` fp16.

    Nothing stands there unless the golden sample proves both graphs. Raises BundleError for a damaged bundle or a
    failed proof, ExportError where `out` exists or the bundle is not fp32.
    """
    return _write(Path(bundle), Path(out), "fp16", {CLASSIFIER: to_float16, SALIENCY: to_float16})


def int8_bundle(bundle: str | Path, images: NDArray[np.uint8], out: str | Path) -> Manifest:
    """Writes a bundle with an int8 classifier to the new folder `out`; the saliency graph stays as it is.

    `images`, uint8 (N, H, W, 3), are training images, some dozens of them, for the ranges of the activations. The
    manifest says `precision` int8. Errors as `half_bundle`.
    """
    return _write(Path(bundle), Path(out), "int8", {CLASSIFIER: lambda model: to_int8(model, images)})


def _write(source: Path, target: Path, precision: str, conversions: Conversions) -> Manifest:
    if target.exists():
        raise ExportError(f"{target} exists already; choose another folder for the {precision} bundle")
    manifest = Manifest.from_json((source / MANIFEST).read_text(encoding="utf-8"), source / MANIFEST)
    if manifest.precision != "fp32":
        raise ExportError(f"{source} holds {manifest.precision} graphs; convert the fp32 bundle that it was made of")
    manifest = replace(manifest, precision=precision)
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    try:
        for name in (CLASSIFIER, SALIENCY):
            model = onnx.load(source / name, load_external_data=False)
            model = conversions[name](model) if name in conversions else model
            _describe(model, manifest)
            onnx.save(model, temporary / name)
        if (source / SPLIT).exists():
            shutil.copyfile(source / SPLIT, temporary / SPLIT)
        write_text(temporary / MANIFEST, manifest.to_json())
        Model.load(temporary, device="cpu", verify=True)
        temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
    return manifest


def _describe(model: onnx.ModelProto, manifest: Manifest) -> None:
    for entry in model.metadata_props:
        if entry.key == METADATA_KEY:
            entry.value = manifest.to_json()
