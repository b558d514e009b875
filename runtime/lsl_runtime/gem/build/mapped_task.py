"""The task that is mapped, of classes or of terms: who was given which, and which logit the masks explain.

An image has one class, and its stored saliency map is that of the predicted class. It may carry several terms, and
saliency maps of terms are never stored.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.model.model import Model
from lsl_shared.errors import GemError
from lsl_shared.files.annotations import Annotations, Status
from lsl_shared.wording import first_few

__all__ = ["MappedClasses", "MappedTask", "MappedTerms", "mapped_task", "task_of", "term_task_of", "within_told"]

_LISTED = 40


@dataclass(frozen=True)
class MappedClasses:
    """A task of classes."""

    task: str
    within: str = ""
    """The coarse tasks whose known labels the answers keep to, joined by commas; '' for the free answers."""

    kind: ClassVar[Literal["class"]] = "class"
    noun: ClassVar[str] = "class"
    answers: ClassVar[str] = "class"
    """The key of the answers in the annotations."""

    def given(self, annotations: Annotations, name: str) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which images, bool (N,), were given the class `name`, and the probability, float32 (N,), of their class."""
        place = annotations.tasks[self.task].index(name)
        if self.within:
            classes, probability = (
                annotations.constrained_class(self.task),
                annotations.constrained_probability(self.task),
            )
        else:
            classes, probability = annotations.class_index(self.task), annotations.probability(self.task)
        return (classes == place) & (annotations.status == Status.ANNOTATED), probability

    def passes(self, names: Sequence[str]) -> list[tuple[MappedTask, Sequence[str]]]:
        """What each pass over the store maps: all classes in one, since no image has two."""
        return [(self, names)]

    def stored_method(self, annotations: Annotations) -> str:
        """The method of the stored saliency maps; '' where there are none."""
        return annotations.saliency_method

    def lacking(self, stored: bool) -> str:
        """What is missing where a map is not stored, in words; `stored` where others are."""
        return "maps of constrained classes" if stored else "saliency maps"

    def predicted(self, annotations: Annotations) -> NDArray[np.bool_]:
        """Whether the class that is mapped is the predicted one, whose saliency map is stored, bool (N,)."""
        return np.asarray(self._other_classes(annotations) < 0)

    def logits(self, annotations: Annotations, model: Model) -> NDArray[np.int64]:
        """The logit that the mask of each image explains, int64 (N,); −1 is that of the predicted class."""
        return self._other_classes(annotations)

    def _other_classes(self, annotations: Annotations) -> NDArray[np.int64]:
        """The class of each image (N,) that keeps to its coarse label, −1 where that is the predicted one."""
        if not self.within:
            return np.full(len(annotations), -1)
        kept = annotations.constrained_class(self.task).astype(np.int64)
        return np.where(kept == annotations.class_index(self.task), -1, kept)


@dataclass(frozen=True)
class MappedTerms:
    """A task of terms; a pass over the store maps one `term`, whose logit the masks explain."""

    task: str
    term: str = ""

    kind: ClassVar[Literal["terms"]] = "terms"
    noun: ClassVar[str] = "term"
    answers: ClassVar[str] = "chosen"
    within: ClassVar[str] = ""

    def given(self, annotations: Annotations, name: str) -> tuple[NDArray[np.bool_], NDArray[np.float32]]:
        """Which images, bool (N,), the term `name` was chosen for, and its probability, float32 (N,)."""
        place = annotations.tasks[self.task].index(name)
        return annotations.chosen(self.task)[:, place], annotations.probabilities(self.task)[:, place]

    def passes(self, names: Sequence[str]) -> list[tuple[MappedTask, Sequence[str]]]:
        """What each pass over the store maps: one term, since an image may carry several, with other masks."""
        return [(replace(self, term=name), [name]) for name in names]

    def stored_method(self, annotations: Annotations) -> str:
        """'': maps of terms are never stored."""
        return ""

    def lacking(self, stored: bool) -> str:
        """What is missing where a map is not stored, in words."""
        return "maps of terms"

    def predicted(self, annotations: Annotations) -> NDArray[np.bool_]:
        """False everywhere: no stored map explains a term."""
        return np.zeros(len(annotations), bool)

    def logits(self, annotations: Annotations, model: Model) -> NDArray[np.int64]:
        """The logit that the mask of each image explains, int64 (N,): that of the term."""
        return np.full(len(annotations), model.logit_index(self.task, self.term))


MappedTask = MappedClasses | MappedTerms


def mapped_task(annotations: Annotations, task: str, constrained: bool = True) -> MappedTask:
    """The task of that name; with `constrained`, its answers keep to known coarse labels where such are stored."""
    if annotations.is_terms(task):
        return MappedTerms(task)
    return MappedClasses(task, annotations.constrained_by if constrained and annotations.is_constrained(task) else "")


def task_of(annotations: Annotations, names: Sequence[str], task: str = "") -> str:
    """The task whose classes these are: `task` if there is one, else the first that has them all; else one of terms.

    Raises GemError that lists the classes.
    """
    classes, terms = _tasks(annotations)
    candidates = [task] if task in annotations.tasks else classes
    for one in [*candidates, *terms]:
        if set(names) <= set(annotations.tasks[one]):
            return one
    if not candidates and not terms:
        raise GemError(annotations.path, "holds no answers for any task: annotate the store again")
    if not candidates:
        told = "its model knows terms alone; map them with --term"
        raise GemError(annotations.path, f"{told}: {first_few(annotations.tasks[terms[0]], _LISTED)}")
    listed = "; ".join(f"{one}: {first_few(annotations.tasks[one], _LISTED)}" for one in candidates)
    known = {label for one in candidates for label in annotations.tasks[one]}
    unknown = [name for name in names if name not in known]
    problem = f"no class {unknown[0]!r}" if unknown else f"no task has all of {', '.join(names)}"
    raise GemError(annotations.path, f"{problem}. Classes of the model are {listed}")


def term_task_of(annotations: Annotations, names: Sequence[str]) -> str:
    """The task of terms that has all of these. Raises GemError that lists what there is."""
    _, tasks = _tasks(annotations)
    known = [term for task in tasks for term in annotations.tasks[task]]
    if not known:
        raise GemError(annotations.path, "its model knows no terms; `lsl-train --task cv_terms` trains one that does")
    for name in names:
        if name not in known:
            raise GemError(annotations.path, f"no term {name!r}. The model's terms are {first_few(known, _LISTED)}")
    for task in tasks:
        if set(names) <= set(annotations.tasks[task]):
            return task
    raise GemError(annotations.path, f"no task has all of {', '.join(names)}; map the terms of each by themselves")


def within_told(coarse: str) -> str:
    """A line that says which known labels the answers keep to."""
    coarse = " and ".join(coarse.split(","))
    return f"answers within the known {coarse}, as lsl-annotate --constrain stored; --free takes the others"


def _tasks(annotations: Annotations) -> tuple[list[str], list[str]]:
    """The names of the tasks of classes, and of those of terms."""
    names = list(annotations.tasks)
    return [one for one in names if not annotations.is_terms(one)], [one for one in names if annotations.is_terms(one)]
