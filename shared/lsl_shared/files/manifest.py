"""The manifest of a model bundle: what the graphs take and give, how they were made, how they tested.

It is `manifest.json` of the bundle, and each ONNX graph carries it in its metadata under the key `lsl`.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import BundleError, LabelError
from lsl_shared.labels import LabelSpace
from lsl_shared.measures.coverage import COVERAGE
from lsl_shared.system_errors import unreadable

__all__ = [
    "CLASSIFIER",
    "CONTRIBUTIONS",
    "MANIFEST",
    "METADATA_KEY",
    "SALIENCY",
    "SPLIT",
    "GoldenSample",
    "Manifest",
    "Task",
    "golden_image",
    "model_digest",
]

CLASSIFIER, SALIENCY, MANIFEST, SPLIT = "classifier.onnx", "saliency.onnx", "manifest.json", "split.csv"
CONTRIBUTIONS = "contributions.onnx"
"""Bundles of version 0.1.0 lack it."""
METADATA_KEY = "lsl"
_FORMAT, _VERSION = "lsl-model", 1
_TILE = 8


@dataclass(frozen=True)
class Task:
    """One task that the model answers, with everything needed to turn its logits into an answer."""

    name: str
    """The name of the task."""
    classes: tuple[str, ...]
    """The names of its K classes."""
    kind: str = "class"
    """`class`: exactly one class is right. `terms`: any number of them is; probabilities are sigmoid(logits / T)."""
    parent: str = ""
    """The coarse task, '' where there is none."""
    parent_classes: tuple[str, ...] = ()
    """The coarse task's classes; those that `parent_index` never names are childless."""
    parent_index: tuple[int, ...] = ()
    """For each of the K classes, the index of the coarse class that it belongs to."""
    temperature: float = 1.0
    """Probabilities are softmax(logits / temperature), fitted on calibration images."""
    conformal_threshold: float | None = None
    """Class k is in the prediction set where 1 − p_k ≤ threshold; None where there were too few calibration groups."""
    coverage: float = COVERAGE
    """What the prediction sets promise: the share of images whose right class is in theirs."""
    class_priors: tuple[float, ...] = ()
    """(K,): the fraction of the training images in each class; of kind terms, the fraction that carries each."""
    thresholds: tuple[float, ...] = ()
    """(K,), of kind terms alone: term k is chosen where p_k ≥ thresholds[k]."""
    further_coarse: tuple[CoarseTask, ...] = ()
    """The coarse tasks beside the parent, over the K classes."""

    @property
    def space(self) -> LabelSpace:
        """The classes and parents as a label space."""
        return LabelSpace(self.name, self.classes, self.parent, self.parent_index)

    @property
    def parent_space(self) -> LabelSpace | None:
        """The coarse task's classes; None where there is no coarse task."""
        return LabelSpace(self.parent, self.parent_classes) if self.parent else None

    @cached_property
    def coarse_tasks(self) -> tuple[CoarseTask, ...]:
        """All coarse tasks, the parent first, with the classes of this task that each of their classes allows."""
        parent = self.parent_space
        return (*((CoarseTask.of_parent(self.space, parent),) if parent else ()), *self.further_coarse)


@dataclass(frozen=True)
class GoldenSample:
    """What the graphs answer for `golden_image`, so that a bundle proves itself on another machine."""

    logits: tuple[float, ...]
    """(K,): of the first task."""
    saliency_blocks: tuple[tuple[float, ...], ...]
    """(4, 8): the mean of the saliency map, predicted class, over a grid of 4 × 8 blocks."""


@dataclass(frozen=True)
class Manifest:
    """All that a program must know to use the bundle's graphs.

    Example:
        >>> from pathlib import Path
        >>> from lsl_shared import Manifest
        >>> path = Path("runs/demo/model/manifest.json")
        >>> manifest = Manifest.from_json(path.read_text("utf-8"), path)
        >>> manifest.image_size, manifest.tasks[0].name, manifest.tasks[0].classes
        ((16, 40), 'stage', ('4', '5', '7', '9'))
    """

    image_size: tuple[int, int]
    """(H, W) of the images that the graphs take, in pixels."""
    tasks: tuple[Task, ...]
    """What the graphs answer, the trained fine task first."""
    network: dict[str, Any] = field(default_factory=dict)
    """How the network is built."""
    training: dict[str, Any] = field(default_factory=dict)
    """The settings that it was trained with."""
    test_metrics: dict[str, Any] = field(default_factory=dict)
    """What it scored on the test images."""
    store_fingerprint: str = ""
    """Identifies the images that it was trained on; see `Store.fingerprint`."""
    package_version: str = ""
    """Of the lsl-toolkit that wrote the bundle."""
    golden: GoldenSample | None = None
    """What the graphs answer for a known image; None in bundles that cannot prove themselves."""
    scope_threshold: float | None = None
    """An image is out of scope where the graphs' `scope_distance` exceeds it; None where they have no such output."""
    age_thresholds: dict[str, float] = field(default_factory=dict)
    """Task → the threshold of its intervals of age; see `lsl_shared.measures.age`. Absent where none is promised."""
    contribution_steps: int = 8
    """How many pictures contributions are integrated over, so that most miss their sum by less than 5 %."""
    precision: str = "fp32"
    """Of the graphs' arithmetic: fp32; fp16; int8, where the classifier alone is quantized."""

    def to_json(self) -> str:
        """The manifest as text, as it stands in `manifest.json`.

        Returns:
            JSON with `format` and `version`.
        """
        entries = asdict(self)
        for task in entries["tasks"]:
            if not task["further_coarse"]:  # the versions that know the parent alone read it then
                del task["further_coarse"]
        return json.dumps({"format": _FORMAT, "version": _VERSION, **entries}, indent=1, ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str, source: str | Path) -> Manifest:
        """Reads a manifest back from what `to_json` wrote.

        Args:
            text: JSON.
            source: Where it came from, for messages.

        Raises:
            BundleError: It is no manifest, of a newer version, or damaged; the text names `source` and the entry.
        """
        entries = _parse(text, source)
        try:
            golden = entries["golden"]
            return cls(
                image_size=_pair(entries["image_size"]),
                tasks=_tasks(entries["tasks"]),
                network=dict(entries["network"]),
                training=dict(entries["training"]),
                test_metrics=dict(entries["test_metrics"]),
                store_fingerprint=str(entries["store_fingerprint"]),
                scope_threshold=entries.get("scope_threshold"),
                package_version=str(entries["package_version"]),
                golden=golden and GoldenSample(tuple(golden["logits"]), tuple(map(tuple, golden["saliency_blocks"]))),
                age_thresholds={str(task): float(at) for task, at in dict(entries.get("age_thresholds", {})).items()},
                contribution_steps=int(entries.get("contribution_steps", 8)),
                precision=str(entries.get("precision", "fp32")),
            )
        except (AttributeError, KeyError, TypeError, ValueError, LabelError) as problem:
            raise BundleError(source, f"incomplete or altered manifest ({problem}); export the model again") from None


def model_digest(bundle: str | Path) -> str:
    """SHA-256 (hex) of classifier.onnx followed by saliency.onnx; contributions.onnx is of the same network."""
    digest = hashlib.sha256()
    for name in (CLASSIFIER, SALIENCY):
        try:
            digest.update((Path(bundle) / name).read_bytes())
        except OSError as problem:
            raise BundleError(Path(bundle) / name, unreadable(problem, "train or copy the bundle again")) from None
    return digest.hexdigest()


def golden_image(height: int, width: int) -> NDArray[np.uint8]:
    """The same random mosaic on every machine: uint8 (1, H, W, 3), tiles of 8 × 8 pixels from SHAKE-256 of b"lsl".

    Tiles, because noise of single pixels averages out in the first layers, and a network may have nothing to say of it.
    """
    rows, columns = -(-height // _TILE), -(-width // _TILE)
    tiles = np.frombuffer(hashlib.shake_256(b"lsl").digest(rows * columns * 3), dtype=np.uint8)
    mosaic = tiles.reshape(1, rows, columns, 3).repeat(_TILE, axis=1).repeat(_TILE, axis=2)
    return np.ascontiguousarray(mosaic[:, :height, :width])


def _parse(text: str, source: str | Path) -> dict[str, Any]:
    try:
        entries = json.loads(text)
    except ValueError as problem:
        raise BundleError(source, f"is not JSON ({problem}); export the model again") from None
    if not isinstance(entries, dict) or entries.get("format") != _FORMAT:
        raise BundleError(source, f"expected format {_FORMAT!r}: this is not a model bundle of lsl-train", "format")
    if not isinstance(entries.get("version"), int) or entries["version"] > _VERSION:
        raise BundleError(
            source, f"is {entries.get('version')!r}, this program reads {_VERSION}: upgrade lsl-toolkit", "version"
        )
    return entries


def _pair(values: Any) -> tuple[int, int]:
    height, width = (int(value) for value in values)
    return height, width


def _tasks(entries: Any) -> tuple[Task, ...]:
    if not entries:
        raise ValueError("no tasks")
    return tuple(_task(task) for task in entries)


def _task(entries: dict[str, Any]) -> Task:
    """A Task, its class names, parents and coarse tasks checked."""
    known: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in entries.items()
    }
    known["further_coarse"] = tuple(map(_coarse, known.get("further_coarse", ())))
    task = Task(**known)
    if task.parent_space is not None:
        task.space.check_parent(task.parent_space)
    for coarse in task.further_coarse:
        coarse.check_fine(task.space)
    return task


def _coarse(entries: dict[str, Any]) -> CoarseTask:
    sets = tuple(tuple(int(index) for index in members) for members in entries["allows"])
    return CoarseTask(str(entries["name"]), tuple(entries["classes"]), sets)
