"""The annotations of a store: what a model said of every image, opened for reading."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotation_ages import AnnotationAges
from lsl_shared.files.annotation_answers import FLAGS
from lsl_shared.files.annotation_status import Status
from lsl_shared.files.attributes import read_names, read_text
from lsl_shared.files.hdf5 import read_dataset, read_strings
from lsl_shared.files.opening import loading, open_file
from lsl_shared.files.text_column import read_texts

__all__ = ["ANNOTATIONS_FORMAT", "ANNOTATIONS_VERSION", "Annotations", "Status", "annotations_path"]

ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION = "lsl-annotations", 2
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


class Annotations(AnnotationAges):
    """An annotations file, open for reading. Close it, or use it in a `with` block.

    Args:
        path: The HDF5 file of the annotations.

    Attributes:
        path: The file, as a Path.
        ids: The name of each image, str (N,), in the store's order.
        id_texts: The same as it lies in the file, for what need not make strings of a million names.
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
            self.id_texts = read_texts(self._file, "id", AnnotationsError, len(self))
            self.errors = read_strings(self._file, "error", AnnotationsError, len(self))
            for name in _TOLD_OF_THE_RUN:
                setattr(self, name, read_text(self._file, name))
            groups = _groups(self._file)
            self.tasks = {name: read_names(group, "classes") for name, group in groups.items()}
            self._terms = {name for name, group in groups.items() if read_text(group, "kind") == "terms"}

    @cached_property
    def ids(self) -> NDArray[np.object_]:
        """The name of each image, str (N,), in the store's order."""
        return self.id_texts.strings

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
        return np.asarray(self._dataset(task, "chosen", FLAGS, shape)[...], dtype=bool)

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
        return np.asarray(self._dataset(task, "prediction_set", FLAGS, shape)[...], dtype=bool)


_TOLD_OF_THE_RUN = (
    "store", "store_fingerprint", "store_packing", "store_sample", "model_digest", "model", "providers", "precision",
    "created", "labels_digest",
)  # fmt: skip


def _groups(file: h5py.File) -> dict[str, Any]:
    """The groups that lie in this file: in version 1 `store` is a link to another one."""
    inner = (name for name in file if isinstance(file.get(name, getlink=True), h5py.HardLink))
    return {name: file[name] for name in inner if file.get(name, getclass=True) is h5py.Group}
