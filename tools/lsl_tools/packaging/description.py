"""What a bioimage.io package says of a model: tensors, weights, licence, citations, as format 0.5 wants it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.manifest import CLASSIFIER, MANIFEST, SALIENCY, Manifest, Task

__all__ = ["CLASS_INDEX", "COVER", "DESCRIPTION", "INPUT", "README", "SAMPLE", "model_description", "tensor_file"]

DESCRIPTION, README, COVER, SAMPLE = "bioimageio.yaml", "README.md", "cover.png", "sample_image.png"
INPUT, CLASS_INDEX = "image", "class_index"

_FORMAT_VERSION = "0.5.3"
_TOLERANCE, _MAP_TOLERANCE = 1e-3, 1e-2  # of a test tensor, as for the golden sample
_CITED = (
    {
        "text": "Cai, Wang, Kulathinal, Kumar & Ji: Deep Low-Shot Learning for Biological Image Classification and "
        "Visualization From Limited Training Samples. IEEE Transactions on Neural Networks and Learning Systems, 2021",
        "doi": "10.1109/TNNLS.2021.3106831",
    },
)


def tensor_file(name: str) -> str:
    """Where the test tensor of an input or output lies."""
    return f"test_{name}.npy"


def model_description(
    manifest: Manifest,
    outputs: Mapping[str, NDArray[np.float32]],
    *,
    opset: int,
    name: str = "",
    authors: Sequence[str] = (),
    license: str,
    further_graphs: Sequence[str] = (),
    weights: str = CLASSIFIER,
) -> dict[str, Any]:
    """The description of a model, ready for JSON; its files are those of `package_model`'s folder.

    `weights` is the graph that is described, the classifier's or the saliency's. `outputs`: what it makes of the test
    image, in the graph's order; `opset` of its operators; `further_graphs`: files beside these two.
    """
    maps = weights == SALIENCY
    first = manifest.tasks[0]
    about = f"{first.name.replace('_', ' ')}: {len(first.classes)} classes"
    return {
        "format_version": _FORMAT_VERSION,
        "type": "model",
        "name": name or _allowed(f"LSL {first.name} {'saliency' if maps else 'classifier'}"),
        "description": f"Classifies images by {about}, with calibrated probabilities"
        + (", and shows where it looks." if maps else "."),
        "authors": [{"name": author} for author in authors],
        "license": license,
        "cite": list(_CITED),
        "tags": ["classification", "2d", "rgb", "onnx", "low-shot-learning", "lsl-toolkit"],
        "documentation": README,
        "covers": [COVER],
        "inputs": [_input(manifest), *([_class_index()] if maps else [])],
        "outputs": [_output(manifest, output, values.shape) for output, values in outputs.items()],
        "weights": {"onnx": {"source": weights, "opset_version": opset}},
        "attachments": [{"source": file} for file in (CLASSIFIER if maps else SALIENCY, MANIFEST, *further_graphs)],
        "config": {
            "bioimageio": {"reproducibility_tolerance": list(map(_tolerance, outputs, outputs.values()))},
            "lsl": {"tasks": {task.name: list(task.classes) for task in manifest.tasks}},
        },
    }


def _input(manifest: Manifest) -> dict[str, Any]:
    height, width = manifest.image_size
    return {
        "id": INPUT,
        "description": "RGB as photographed; scaling and normalization are inside the graph.",
        "axes": [
            {"type": "batch"},
            {"type": "space", "id": "y", "size": height},
            {"type": "space", "id": "x", "size": width},
            {"type": "channel", "channel_names": ["red", "green", "blue"]},
        ],
        "data": {"type": "uint8", "range": [0, 255]},
        "test_tensor": {"source": tensor_file(INPUT)},
        "sample_tensor": {"source": SAMPLE},
    }


def _class_index() -> dict[str, Any]:
    return {
        "id": CLASS_INDEX,
        "description": "Of which class the map is, its place among the logits; -1: of the predicted one.",
        "axes": [{"type": "batch"}],
        "data": {"type": "int64", "range": [-1, None]},
        "test_tensor": {"source": tensor_file(CLASS_INDEX)},
    }


def _map(manifest: Manifest) -> dict[str, Any]:
    height, width = manifest.image_size
    return {
        "id": "saliency",
        "description": "How much each pixel decides: the largest channel's |d logit / d pixel|.",
        "axes": [
            {"type": "batch"},
            {"type": "space", "id": "y", "size": height},
            {"type": "space", "id": "x", "size": width},
        ],
        "data": {"type": "float32", "range": [0, None]},
        "test_tensor": {"source": tensor_file("saliency")},
    }


def _output(manifest: Manifest, name: str, shape: tuple[int, ...]) -> dict[str, Any]:
    kind = name.partition("_")[0]
    if name == "saliency":
        return _map(manifest)
    task = next((task for task in manifest.tasks if name == f"{kind}_{task.name}"), manifest.tasks[0])
    told = {
        "age": "Density of the image's age, a number for each of equal times from the first class to the last.",
        "scope": "How far the image lies from all that was trained on, 0 to 2.",
        "features": "The feature vector F(x).",
        "probabilities": f"Probability of each {task.name}, calibrated.",
        "logits": f"The logit of each {task.name}.",
    }
    return {
        "id": _identifier(name),
        "description": told.get(kind, name)[:128],
        "axes": [{"type": "batch"}, *_channels(kind, task, shape)],
        "data": {"type": "float32", "range": [0, 1] if kind == "probabilities" else [None, None]},
        "test_tensor": {"source": tensor_file(name)},
    }


def _channels(kind: str, task: Task, shape: tuple[int, ...]) -> list[dict[str, Any]]:
    """The axis beside the batch, its channels named; none for one number an image."""
    if len(shape) == 1:
        return []
    numbered = {"features": "feature", "age": "time"}.get(kind)
    names = [f"{numbered}{place}" for place in range(shape[1])] if numbered else _classes(task)
    return [{"type": "channel", "channel_names": names}]


def _tolerance(name: str, values: NDArray[np.float32]) -> dict[str, Any]:
    """What another machine may differ by; the format allows an absolute part only up to 1 % of the largest value."""
    absolute = (_MAP_TOLERANCE if name == "saliency" else _TOLERANCE) * max(float(values.max()), 0.0)
    return {"output_ids": [_identifier(name)], "relative_tolerance": _TOLERANCE, "absolute_tolerance": absolute}


def _classes(task: Task) -> list[str]:
    """Names of the channels: the classes' own."""
    return [f"{task.name} {name}" for name in task.classes]


def _identifier(name: str) -> str:
    """An id as the format wants it: lower case, a Python name, at most 32 characters."""
    return re.sub(r"\W", "_", name.lower())[:32]


def _allowed(name: str) -> str:
    """A name of the characters that the format allows."""
    return re.sub(r"[^A-Za-z0-9_+\- ()]", " ", name.replace("_", " "))[:64]
