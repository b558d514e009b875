"""The annotations of a store: what a model said of every image, opened for reading."""

from __future__ import annotations

from collections.abc import Iterator
from enum import IntEnum
from functools import cached_property
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError
from lsl_shared.files.chunks import ImageChunks
from lsl_shared.files.hdf5 import loading, open_file, read_dataset, read_names, read_strings
from lsl_shared.files.open_file import OpenFile
from lsl_shared.system_errors import unreadable

__all__ = ["ANNOTATIONS_FORMAT", "ANNOTATIONS_VERSION", "Annotations", "Status", "annotations_path"]

ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION = "lsl-annotations", 1
_REMEDY = "`lsl-annotate STORE` makes the annotations of a store"


class Status(IntEnum):
    """What became of an image."""

    ANNOTATED = 1
    FAILED = 2
    OUTSIDE = 3
    """Known to lie in a coarse class without fine classes: no fine class is given."""


def annotations_path(store: str | Path) -> Path:
    """Where the annotations of a store lie unless told otherwise: store.annotations.h5 beside store.h5."""
    return Path(store).with_suffix(".annotations.h5")


class Annotations(OpenFile):
    """An annotations file, read only; close it or use it in a `with` block.

    `path`; `ids` str (N,) in the store's order; `status` uint8 (N,); `tasks`: task name → class names, those of kind
    terms (`is_terms`) among them;
    `store_fingerprint`, `model_digest`, `model` (path of the bundle), `providers`, `precision`, `created`.
    Raises AnnotationsError that names the file and the key.
    """

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, open_file(path, ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION, AnnotationsError, _REMEDY))
        with loading(self._file, AnnotationsError, "annotations", f". {_REMEDY}"):
            self._load()

    def _load(self) -> None:
        status = read_dataset(self._file, "status", AnnotationsError, dtype="u", shape=(None,))
        self.status: NDArray[np.uint8] = status[...]
        self.ids = read_strings(self._file, "id", AnnotationsError, len(self.status))
        self.errors = read_strings(self._file, "error", AnnotationsError, len(self.status))
        for name in (
            "store_fingerprint",
            "model_digest",
            "model",
            "providers",
            "precision",
            "created",
            "labels_digest",
        ):
            setattr(self, name, str(self._file.attrs.get(name, "")))
        # Only what lies in this file: `store` is a link to another one.
        inner = [name for name in self._file if isinstance(self._file.get(name, getlink=True), h5py.HardLink)]
        groups = {name: self._file[name] for name in inner if self._file.get(name, getclass=True) is h5py.Group}
        self.tasks = {name: read_names(group, "classes") for name, group in groups.items()}
        self._terms = {name for name, group in groups.items() if group.attrs.get("kind") == "terms"}

    store_fingerprint: str
    model_digest: str
    model: str
    providers: str
    precision: str
    created: str
    labels_digest: str
    """Of the labels that the outcomes depended on; '' in files of an early version."""

    def __len__(self) -> int:
        return len(self.status)

    def is_terms(self, task: str) -> bool:
        """Whether any number of the task's classes may be chosen for an image; it then has `chosen` and no class."""
        return task in self._terms

    def chosen(self, task: str) -> NDArray[np.bool_]:
        """The terms chosen for each image, bool (N, T), of a task of kind terms."""
        shape = (len(self), len(self.tasks.get(task, ())))
        return np.asarray(self._dataset(task, "chosen", "b", shape)[...], dtype=bool)

    def class_index(self, task: str) -> NDArray[np.int16]:
        """The class given to each image, int16 (N,), −1 where none."""
        return np.asarray(self._dataset(task, "class", "i", (len(self),))[...], dtype=np.int16)

    def probability(self, task: str) -> NDArray[np.float32]:
        """The probability of that class, float32 (N,) in 0..1, NaN where none."""
        return np.asarray(self._dataset(task, "probability", "f", (len(self),))[...], dtype=np.float32)

    def probabilities(self, task: str) -> NDArray[np.float32]:
        """The calibrated probabilities, float32 (N, K), NaN where the image has none."""
        shape = (len(self), len(self.tasks[task]))
        return np.asarray(self._dataset(task, "probabilities", "f", shape)[...], dtype=np.float32)

    def prediction_set(self, task: str) -> NDArray[np.bool_]:
        """The conformal prediction set, bool (N, K); holds the class itself always."""
        shape = (len(self), len(self.tasks[task]))
        return np.asarray(self._dataset(task, "prediction_set", "b", shape)[...], dtype=bool)

    @property
    def constrained_by(self) -> str:
        """The coarse task whose labels the constrained answers keep to; '' where there are none."""
        return str(self._file.attrs.get("constrained_by", ""))

    def is_constrained(self, task: str) -> bool:
        """Whether there are answers for this task that keep to each image's coarse label."""
        return task in self.tasks and f"{task}/constrained_class" in self._file

    def constrained_class(self, task: str) -> NDArray[np.int16]:
        """The likeliest class among the children of each image's coarse label, int16 (N,), −1 where none."""
        return np.asarray(self._dataset(task, "constrained_class", "i", (len(self),))[...], dtype=np.int16)

    def constrained_probability(self, task: str) -> NDArray[np.float32]:
        """Its share of the probability of those children, float32 (N,) in 0..1, NaN where none."""
        return np.asarray(self._dataset(task, "constrained_probability", "f", (len(self),))[...], dtype=np.float32)

    @property
    def has_scope(self) -> bool:
        """Whether the model told how far each image lies from the classes that it was trained on."""
        return "scope_distance" in self._file

    def scope_distance(self) -> NDArray[np.float32]:
        """1 − the cosine to the nearest class prototype, float32 (N,) in 0..2, NaN where the image failed."""
        return np.asarray(self._scope[...], dtype=np.float32)

    def out_of_scope(self) -> NDArray[np.bool_]:
        """Whether that distance exceeds what 95 % of held-out images of known classes stay within, bool (N,)."""
        return np.asarray(self.scope_distance() > self._scope.attrs["threshold"], dtype=bool)

    @property
    def _scope(self) -> h5py.Dataset:
        return read_dataset(self._file, "scope_distance", AnnotationsError, dtype="f", shape=(len(self),))

    @property
    def has_saliency(self) -> bool:
        """Whether saliency maps are stored."""
        return "saliency" in self._file

    @property
    def saliency_method(self) -> str:
        """How the stored maps were made: gradient, smoothgrad, gradient-input, integrated; '' where there are none."""
        return str(self._file["saliency"].attrs.get("method", "gradient")) if self.has_saliency else ""

    @property
    def has_features(self) -> bool:
        """Whether feature vectors are stored."""
        return "features" in self._file

    def features(self, start: int, stop: int) -> NDArray[np.float32]:
        """The stored features of images start … stop − 1, float32 (n, D), NaN where an image could not be read."""
        stored = read_dataset(self._file, "features", AnnotationsError, dtype="f", shape=(len(self), None))
        try:
            return np.asarray(stored[start:stop], dtype=np.float32)
        except OSError as problem:
            raise AnnotationsError(self.path, unreadable(problem), f"features[{start}:{stop}]") from None

    def saliency(self, start: int, stop: int) -> NDArray[np.float32]:
        """The stored saliency maps of images start … stop − 1, float32 (n, H, W)."""
        start, stop, _ = slice(start, stop).indices(len(self))
        try:
            maps, factors = self._maps, self._factors[start:stop]
            scaled = np.empty((max(stop - start, 0), *maps.shape[1:]), np.float32)
            for first, block in self._blocks(start, stop):
                here = slice(first - start, first - start + len(block))
                np.multiply(block, factors[here, None, None], out=scaled[here])
        except (OSError, ValueError) as problem:
            raise AnnotationsError(self.path, unreadable(problem), f"saliency[{start}:{stop}]") from None
        return scaled

    @cached_property
    def _maps(self) -> h5py.Dataset:
        return read_dataset(self._file, "saliency", AnnotationsError, dtype="u", shape=(len(self), None, None))

    @cached_property
    def _factors(self) -> NDArray[np.float32]:
        scale = read_dataset(self._file, "saliency_scale", AnnotationsError, dtype="f", shape=(len(self),))
        return np.asarray(scale[...] / np.float32(255), np.float32)

    @cached_property
    def _chunks(self) -> ImageChunks | None:
        """The chunks of the maps, to be inflated outside HDF5; None where they do not hold whole maps of bytes."""
        maps = self._maps
        whole = maps.dtype == np.uint8 and maps.chunks and maps.chunks[1:] == maps.shape[1:]
        return ImageChunks(maps, lambda: maps) if whole else None

    def _blocks(self, start: int, stop: int) -> Iterator[tuple[int, NDArray[np.unsignedinteger]]]:
        """Yields (place, stored maps) from `start` to `stop`, chunk by chunk."""
        if self._chunks is None:
            yield start, self._maps[start:stop]
            return
        images = self._maps.chunks[0]
        for first in range(start - start % images, stop, images):
            lower = max(first, start)
            yield lower, self._chunks.read(first)[lower - first : stop - first]

    def _dataset(self, task: str, name: str, dtype: str, shape: tuple[int, ...]) -> h5py.Dataset:
        if task not in self.tasks:
            raise AnnotationsError(self.path, f"no such task; annotated are: {', '.join(self.tasks)}", task)
        return read_dataset(self._file, f"{task}/{name}", AnnotationsError, dtype=dtype, shape=shape)
