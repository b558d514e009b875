"""The annotations of a store: what a model said of every image, opened for reading."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotation_extras import AnnotationExtras
from lsl_shared.files.annotation_status import Status
from lsl_shared.files.attributes import read_names, read_text
from lsl_shared.files.hdf5 import read_dataset, read_strings
from lsl_shared.files.opening import loading, open_file

__all__ = ["ANNOTATIONS_FORMAT", "ANNOTATIONS_VERSION", "Annotations", "Status", "annotations_path"]

ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION = "lsl-annotations", 2
_FLAGS = "ub"  # of what is 0 or 1: uint8, and bool in files of version 1
_REMEDY = "`lsl-annotate STORE` makes the annotations of a store"


def annotations_path(store: str | Path) -> Path:
    """Where the annotations of a store lie, unless the user chose another place.

    Args:
        store: The file of the store.

    Returns:
        STORE.annotations.h5, beside the store.

    Example:
        >>> from lsl_shared import annotations_path
        >>> annotations_path("embryos/store.h5").as_posix()
        'embryos/store.annotations.h5'
    """
    return Path(store).with_suffix(".annotations.h5")


class Annotations(AnnotationExtras):
    """An annotations file, open for reading. Close it, or use it in a `with` block.

    Args:
        path: The HDF5 file of the annotations.

    Attributes:
        path: The file, as a Path.
        ids: The name of each image, str (N,), in the store's order.
        status: What became of each image, uint8 (N,); see `Status`.
        errors: Why an image failed, str (N,); '' for the others.
        tasks: The tasks that the model answered: name → class names.
        store: Where the store lay, seen from the folder of this file; '' in files of version 1.
        store_fingerprint: Identifies the store's images; see `Store.fingerprint`.
        store_packing: How they were packed; see `Store.packing`. '' in files of version 1.
        store_sample: SHA-256 of the ids and of some pixels, however they are packed. '' in files of version 1.
        model_digest: SHA-256 of the model's graphs.
        model: Where the model bundle lay.
        providers: What ran the model, as ONNX Runtime names it.
        precision: Of the model's arithmetic: fp32, fp16 or int8.
        created: When, as ISO 8601 in UTC.
        labels_digest: Of the labels that the outcomes depended on; '' in files of an early version.

    Raises:
        AnnotationsError: The file is missing, damaged, or holds no annotations; the text names the file and the key.

    Example:
        >>> from lsl_shared import Annotations
        >>> with Annotations("store.annotations.h5") as annotations:
        ...     stages = annotations.class_index("stage")
        ...     likely = annotations.probability("stage")
        >>> given = stages >= 0  # the others lie in a coarse class without fine classes
        >>> int(given.sum()), bool((likely[given] > 0.25).all())
        (55, True)
    """

    store: str
    store_fingerprint: str
    store_packing: str
    store_sample: str
    model_digest: str
    model: str
    providers: str
    precision: str
    created: str
    labels_digest: str

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, open_file(path, ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION, AnnotationsError, _REMEDY))
        with loading(self._file, AnnotationsError, "annotations", f". {_REMEDY}"):
            self.status = read_dataset(self._file, "status", AnnotationsError, dtype="u", shape=(None,))[...]
            self.ids = read_strings(self._file, "id", AnnotationsError, len(self))
            self.errors = read_strings(self._file, "error", AnnotationsError, len(self))
            for name in _TOLD_OF_THE_RUN:
                setattr(self, name, read_text(self._file, name))
            groups = _groups(self._file)
            self.tasks = {name: read_names(group, "classes") for name, group in groups.items()}
            self._terms = {name for name, group in groups.items() if read_text(group, "kind") == "terms"}

    def is_terms(self, task: str) -> bool:
        """Whether an image may carry several of the task's classes; it then has `chosen` and no class.

        Args:
            task: The name of the task.
        """
        return task in self._terms

    def chosen(self, task: str) -> NDArray[np.bool_]:
        """The terms chosen for each image.

        Args:
            task: The name of a task where an image may carry several terms.

        Returns:
            bool (N, T).

        Raises:
            AnnotationsError: There is no such task.
        """
        shape = (len(self), len(self.tasks.get(task, ())))
        return np.asarray(self._dataset(task, "chosen", _FLAGS, shape)[...], dtype=bool)

    def class_index(self, task: str) -> NDArray[np.int16]:
        """The class given to each image.

        Args:
            task: The name of the task.

        Returns:
            int16 (N,): index into the task's classes, −1 where none was given.

        Raises:
            AnnotationsError: There is no such task.
        """
        return np.asarray(self._dataset(task, "class", "i", (len(self),))[...], dtype=np.int16)

    def probability(self, task: str) -> NDArray[np.float32]:
        """The probability of the class given to each image.

        Args:
            task: The name of the task.

        Returns:
            float32 (N,) in 0..1, NaN where no class was given.

        Raises:
            AnnotationsError: There is no such task.
        """
        return np.asarray(self._dataset(task, "probability", "f", (len(self),))[...], dtype=np.float32)

    def probabilities(self, task: str) -> NDArray[np.float32]:
        """The calibrated probabilities of all classes.

        Args:
            task: The name of the task.

        Returns:
            float32 (N, K) in 0..1, NaN where the image has none.

        Raises:
            AnnotationsError: There is no such task.
        """
        shape = (len(self), len(self.tasks.get(task, ())))
        return np.asarray(self._dataset(task, "probabilities", "f", shape)[...], dtype=np.float32)

    def prediction_set(self, task: str) -> NDArray[np.bool_]:
        """The conformal prediction set of each image: the classes that it may well have, its own always among them.

        Args:
            task: The name of the task.

        Returns:
            bool (N, K).

        Raises:
            AnnotationsError: There is no such task, or no set was made.
        """
        shape = (len(self), len(self.tasks.get(task, ())))
        return np.asarray(self._dataset(task, "prediction_set", _FLAGS, shape)[...], dtype=bool)

    def has_sure(self, task: str) -> bool:
        """Whether it is told which level of an answer is sure.

        Args:
            task: The name of the task.

        Returns:
            False for terms, and in files of version 0.1.0.
        """
        return task in self.tasks and f"{task}/level" in self._file

    def sure_level(self, task: str) -> NDArray[np.object_]:
        """The task whose class is sure of each image: this one, or a coarse one above it.

        Args:
            task: The name of the task.

        Returns:
            str (N,): the name of a task; `list` where a few classes are left, `none` where nothing is sure.

        Raises:
            AnnotationsError: There is no such task, or it is not told.
        """
        return self._named(task, "level")

    def sure_answer(self, task: str) -> NDArray[np.object_]:
        """What is sure of each image: a class of the task that `sure_level` names.

        Args:
            task: The name of the task.

        Returns:
            str (N,): the name of a class; '' where a list is left, or nothing is sure.

        Raises:
            AnnotationsError: There is no such task, or it is not told.
        """
        return self._named(task, "answer")

    def possible(self, task: str) -> NDArray[np.bool_]:
        """The classes of the prediction set of each image that its known coarse labels allow.

        Args:
            task: The name of the task.

        Returns:
            bool (N, K).

        Raises:
            AnnotationsError: There is no such task, or it is not told.
        """
        shape = (len(self), len(self.tasks.get(task, ())))
        return np.asarray(self._dataset(task, "possible", _FLAGS, shape)[...], dtype=bool)

    def _named(self, task: str, what: str) -> NDArray[np.object_]:
        """The names (N,) of the indices that are stored; '' for −1."""
        index = np.asarray(self._dataset(task, what, "iu", (len(self),))[...], dtype=np.int64)
        key = f"{task}/{what}_names"
        count = len(read_dataset(self._file, key, AnnotationsError, dtype="OS", shape=(None,)))
        names = np.array([*read_strings(self._file, key, AnnotationsError, count), ""], dtype=object)
        if len(index) and not -1 <= index.min() <= index.max() < len(names) - 1:
            raise AnnotationsError(self.path, f"points beyond its {len(names) - 1} names", f"{task}/{what}")
        return np.asarray(names[index], dtype=object)

    @property
    def constrained_by(self) -> str:
        """The coarse tasks whose labels the constrained answers keep to, joined by commas; '' where there are none."""
        return read_text(self._file, "constrained_by")

    def is_constrained(self, task: str) -> bool:
        """Whether there are answers that keep to each image's coarse label.

        Args:
            task: The name of the task.
        """
        return task in self.tasks and f"{task}/constrained_class" in self._file

    def constrained_class(self, task: str) -> NDArray[np.int16]:
        """The likeliest class among those under each image's coarse label.

        Args:
            task: The name of the task.

        Returns:
            int16 (N,): index into the task's classes, −1 where none was given.

        Raises:
            AnnotationsError: There is no such task, or no constrained answer.
        """
        return np.asarray(self._dataset(task, "constrained_class", "i", (len(self),))[...], dtype=np.int16)

    def constrained_probability(self, task: str) -> NDArray[np.float32]:
        """The probability of that class among those under the coarse label.

        Args:
            task: The name of the task.

        Returns:
            float32 (N,) in 0..1, NaN where none was given.

        Raises:
            AnnotationsError: There is no such task, or no constrained answer.
        """
        return np.asarray(self._dataset(task, "constrained_probability", "f", (len(self),))[...], dtype=np.float32)

    def _dataset(self, task: str, name: str, dtype: str, shape: tuple[int, ...]) -> h5py.Dataset:
        if task not in self.tasks:
            raise AnnotationsError(self.path, f"no such task; annotated are: {', '.join(self.tasks)}", task)
        return read_dataset(self._file, f"{task}/{name}", AnnotationsError, dtype=dtype, shape=shape)


_TOLD_OF_THE_RUN = (
    "store", "store_fingerprint", "store_packing", "store_sample", "model_digest", "model", "providers", "precision",
    "created", "labels_digest",
)  # fmt: skip


def _groups(file: h5py.File) -> dict[str, Any]:
    """The groups that lie in this file: in version 1 `store` is a link to another one."""
    inner = (name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink))
    return {name: file[name] for name in inner if file.get(name, getclass=True) is h5py.Group}
