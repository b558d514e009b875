"""Variants of a finished bundle: float16 for the GPU, an int8 classifier for the processor.

Both carry the contributions graph as it is, in float32: its maps are differences, which lose digits first.
"""

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
from lsl_shared.files.atomic import atomic_folder, write_text
from lsl_shared.files.manifest import CLASSIFIER, CONTRIBUTIONS, MANIFEST, METADATA_KEY, SALIENCY, SPLIT, Manifest
from lsl_trainer.graphs.float16 import to_float16
from lsl_trainer.graphs.int8 import to_int8

__all__ = ["half_bundle", "int8_bundle"]

Conversions = dict[str, Callable[[onnx.ModelProto], onnx.ModelProto]]


def half_bundle(bundle: str | Path, out: str | Path) -> Manifest:
    """Writes a copy of a bundle that computes in float16, for GPUs.

    The folder appears only when the graphs have passed the golden sample. The contributions graph stays in float32.

    Args:
        bundle: folder of a bundle in float32.
        out: the folder to write, which must not exist.

    Returns:
        The new bundle's manifest; its `precision` is "fp16".

    Raises:
        BundleError: if the bundle is damaged, or a new graph fails the golden sample.
        ExportError: if `out` exists, or the bundle is not in float32.

    Example:
        >>> from lsl_trainer import half_bundle
        >>> half_bundle("runs/demo/model", "runs/demo/model-fp16").precision
        'fp16'
    """
    return _write(Path(bundle), Path(out), "fp16", {CLASSIFIER: to_float16, SALIENCY: to_float16})


def int8_bundle(bundle: str | Path, images: NDArray[np.uint8], out: str | Path) -> Manifest:
    """Writes a copy of a bundle whose classifier computes in int8, for processors. The other graphs stay as they are.

    The folder appears only when the graphs have passed the golden sample.

    Args:
        bundle: folder of a bundle in float32.
        images: some dozens of training images, uint8 (N, H, W, 3); they tell the range of every activation.
        out: the folder to write, which must not exist.

    Returns:
        The new bundle's manifest; its `precision` is "int8".

    Raises:
        BundleError: if the bundle is damaged, or a new graph fails the golden sample.
        ExportError: if `out` exists, or the bundle is not in float32.

    Example:
        >>> from lsl_shared import Store
        >>> from lsl_trainer import int8_bundle
        >>> with Store("store.h5") as store:
        ...     images = store.read(0, 32)
        >>> int8_bundle("runs/demo/model", images, "runs/demo/model-int8").precision
        'int8'
    """
    return _write(Path(bundle), Path(out), "int8", {CLASSIFIER: lambda model: to_int8(model, images)})


def _write(source: Path, target: Path, precision: str, conversions: Conversions) -> Manifest:
    if target.exists():
        raise ExportError(f"{target} exists already; choose another folder for the {precision} bundle")
    manifest = Manifest.from_json((source / MANIFEST).read_text(encoding="utf-8"), source / MANIFEST)
    if manifest.precision != "fp32":
        raise ExportError(f"{source} holds {manifest.precision} graphs; convert the fp32 bundle that it was made of")
    manifest = replace(manifest, precision=precision)
    with atomic_folder(target) as temporary:
        for name in (CLASSIFIER, SALIENCY, *([CONTRIBUTIONS] if (source / CONTRIBUTIONS).exists() else [])):
            model = onnx.load(source / name, load_external_data=False)
            model = conversions[name](model) if name in conversions else model
            _describe(model, manifest)
            onnx.save(model, temporary / name)
        if (source / SPLIT).exists():
            shutil.copyfile(source / SPLIT, temporary / SPLIT)
        write_text(temporary / MANIFEST, manifest.to_json())
        Model.load(temporary, device="cpu", verify=True)
    return manifest


def _describe(model: onnx.ModelProto, manifest: Manifest) -> None:
    for entry in model.metadata_props:
        if entry.key == METADATA_KEY:
            entry.value = manifest.to_json()
