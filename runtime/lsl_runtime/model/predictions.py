"""What the model says of images: the likeliest class, its probability, the prediction set."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.ages import place_among_classes
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.fly_timetable import default_timetable
from lsl_shared.measures.conformal import prediction_set
from lsl_shared.measures.sure import answer_names, level_names, sure_answers
from lsl_shared.timetable import Timetable

__all__ = ["Predictions", "predictions_of"]


_SHOWN = 3
"""How many images a printed answer tells of."""


@dataclass(frozen=True, repr=False)
class Predictions:
    """What the model says of N images, for the first task, K classes or terms.

    What is sure and ages are computed when they are first asked for.
    """

    class_index: NDArray[np.int64]
    """(N,): index into `classes`."""
    probability: NDArray[np.float32]
    """(N,): calibrated probability of that class, 0..1."""
    probabilities: NDArray[np.float32]
    """(N, K): calibrated, rows sum to 1; those of terms are each for itself."""
    prediction_set: NDArray[np.bool_]
    """(N, K): the conformal prediction set; the predicted class is always in it, alone where there is no threshold.

    Of terms: those chosen, at or above their thresholds, none perhaps."""
    features: NDArray[np.float32]
    """(N, D): the feature vector F(x)."""
    classes: tuple[str, ...]
    scope_distance: NDArray[np.float32] | None = None
    """(N,): how far each image lies from the classes that the model was trained on, 0..2; None if it does not tell."""
    out_of_scope: NDArray[np.bool_] | None = None
    """(N,): whether that is farther than 95 % of held-out images of known classes."""

    age_density: NDArray[np.float32] | None = None
    """(N, 4 K): the density over time that ages follow from; None where the graphs do not give it."""
    manifest: Manifest | None = None
    """The model's, from which follows what is asked for below; that is computed when it is first asked for."""

    def __repr__(self) -> str:
        """`<Predictions of 60 images: 9 (0.94), 5 (0.88), 7 (0.97), …>`; the arrays have names."""
        shown = zip(self.names[:_SHOWN], self.probability[:_SHOWN], strict=True)
        told = [f"{name} ({probability:.2f})" for name, probability in shown]
        return (
            f"<Predictions of {len(self.probability)} images: {', '.join(told + ['…'] * (len(self.names) > _SHOWN))}>"
        )

    @property
    def level(self) -> NDArray[np.object_] | None:
        """(N,): the name of the task whose class is sure, `list` where a few classes are left, `none` where nothing is.

        None for terms.
        """
        return self._sure[0]

    @property
    def answer(self) -> NDArray[np.object_] | None:
        """(N,): the name of the class that is sure; '' for lists and none. None for terms."""
        return self._sure[1]

    @property
    def age(self) -> NDArray[np.float32] | None:
        """(N,): the age, in `age_unit`; None where the classes have no order."""
        return None if self._ages is None else self._ages[:, 1]

    @property
    def age_interval(self) -> NDArray[np.float32] | None:
        """(N, 2): between which ages the true one lies, as often as the sets promise; NaN where nothing is promised."""
        return None if self._ages is None else self._ages[:, ::2]

    @property
    def age_unit(self) -> str:
        """minutes after egg laying at 25 °C for stages of the fly, classes for others: half through class 9 is 9.5."""
        return "" if self._timetable is None else self._timetable.unit

    @property
    def names(self) -> list[str]:
        """The class names of the N images."""
        return [self.classes[index] for index in self.class_index]

    @property
    def _task(self) -> Task | None:
        """The task, if it has classes of which one is right."""
        return self.manifest.tasks[0] if self.manifest and self.manifest.tasks[0].kind == "class" else None

    @property
    def _timetable(self) -> Timetable | None:
        return _usual_timetable(self._task.name, self._task.classes) if self._task else None

    @cached_property
    def _ages(self) -> NDArray[np.float32] | None:
        """Low end, age and high end of each image, (N, 3)."""
        if self.manifest is None or self._task is None or self._timetable is None:
            return None
        places = place_among_classes(self.manifest, self._task, self.probabilities, self.age_density)
        return self._timetable.ages(places).astype(np.float32)

    @cached_property
    def _sure(self) -> tuple[NDArray[np.object_], NDArray[np.object_]] | tuple[None, None]:
        return (None, None) if self._task is None else _sure(self._task, self.prediction_set)


def predictions_of(
    manifest: Manifest,
    probabilities: NDArray[np.float32],
    features: NDArray[np.float32],
    scope_distance: NDArray[np.float32] | None,
    age_density: NDArray[np.float32] | None = None,
) -> Predictions:
    """The predictions that follow from a model's probabilities (N, K), features (N, D) and scope distances (N,)."""
    task, threshold = manifest.tasks[0], manifest.scope_threshold
    chosen = probabilities.argmax(1)
    sets = prediction_set(probabilities, task.conformal_threshold)
    if task.kind == "terms":
        sets = probabilities >= np.array(task.thresholds, np.float32)
    outside = None
    if scope_distance is not None and threshold is not None:
        outside = np.asarray(scope_distance > threshold, dtype=bool)
    return Predictions(
        class_index=chosen,
        probability=probabilities[np.arange(len(chosen)), chosen],
        probabilities=probabilities,
        prediction_set=sets,
        features=features,
        classes=task.classes,
        scope_distance=scope_distance,
        out_of_scope=outside,
        age_density=age_density,
        manifest=manifest,
    )


@cache
def _usual_timetable(task: str, classes: tuple[str, ...]) -> Timetable | None:
    """That of a task; a program that asks for one image at a time should not wait for it each time."""
    return default_timetable(task, classes)


def _sure(task: Task, sets: NDArray[np.bool_]) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """The names of the levels (N,) and of the answers (N,) that are sure of images without known labels."""
    coarse = task.coarse_tasks
    found = sure_answers(sets, coarse, promised=task.conformal_threshold is not None)
    levels = np.array(level_names(task.name, coarse), dtype=object)
    answers = np.array([*answer_names(task.classes, coarse), ""], dtype=object)
    return levels[found.level], answers[found.answer]
