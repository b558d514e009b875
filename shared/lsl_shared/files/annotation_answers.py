"""Answers that keep to known coarse labels, and what is sure of each image, in an annotations file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError
from lsl_shared.files.annotation_extras import AnnotationExtras
from lsl_shared.files.attributes import read_text
from lsl_shared.files.hdf5 import read_dataset, read_strings

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FLAGS", "AnnotationAnswers"]

FLAGS = "ub"  # of what is 0 or 1: uint8, and bool in files of version 1


class AnnotationAnswers(AnnotationExtras):
    """What is made of the answers of an open annotations file with known labels; Annotations has these methods, too."""

    tasks: Mapping[str, tuple[str, ...]]
    """Name → class names."""

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
        return np.asarray(self._dataset(task, "possible", FLAGS, shape)[...], dtype=bool)

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
