"""The ages of images in an annotations file, with their intervals and the timetable that they follow."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import AnnotationsError, ConfigError
from lsl_shared.files.age_columns import AGES, stored_timetable
from lsl_shared.files.annotation_answers import AnnotationAnswers
from lsl_shared.timetable import Timetable

__all__ = ["AnnotationAges"]


class AnnotationAges(AnnotationAnswers):
    """The ages in an open annotations file; Annotations has these methods, too."""

    def has_age(self, task: str) -> bool:
        """Whether images have an age: in files of version 0.1.0, and where classes have no order, they have none.

        Args:
            task: The name of the task.
        """
        return task in self.tasks and all(f"{task}/{name}" in self._file for name in AGES)

    def age(self, task: str) -> NDArray[np.float32]:
        """The age of each image: the median of its distribution over time.

        Args:
            task: The name of the task.

        Returns:
            float32 (N,), counted in `timetable(task).unit`; NaN where no class was given.

        Raises:
            AnnotationsError: There is no such task, or it has no ages.
        """
        return np.asarray(self._dataset(task, "age", "f", (len(self),))[...], dtype=np.float32)

    def age_interval(self, task: str) -> NDArray[np.float32]:
        """Between which ages the true one of each image lies, as often as the prediction sets promise.

        Args:
            task: The name of the task.

        Returns:
            float32 (N, 2), begin and end; NaN where no class was given, or where the model can promise nothing.

        Raises:
            AnnotationsError: There is no such task, or it has no ages.
        """
        ends = [self._dataset(task, name, "f", (len(self),))[...] for name in ("age_low", "age_high")]
        return np.stack(ends, axis=1).astype(np.float32)

    def timetable(self, task: str) -> Timetable:
        """The times of the classes that the ages of a task follow.

        Args:
            task: The name of the task.

        Raises:
            AnnotationsError: There is no such task, or it has no ages.
        """
        self._dataset(task, "age", "f", (len(self),))
        try:
            found = stored_timetable(self._file[task])
        except (ConfigError, ValueError, KeyError, TypeError) as problem:
            raise AnnotationsError(self.path, f"has a damaged timetable ({problem})", task) from None
        if found is None:
            raise AnnotationsError(self.path, "has ages without a timetable; annotate with --restart", task)
        return found
