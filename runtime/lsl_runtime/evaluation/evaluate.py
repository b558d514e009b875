"""Evaluating a model on a store: the exported graphs against the labels of images that were held out of training."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.coarse_labels import outside_task
from lsl_runtime.evaluation.ages import AgeScores, score_ages
from lsl_runtime.evaluation.answers import PLACES, Answers, answers_to, times_of
from lsl_runtime.evaluation.coarse_scores import CoarseScores, score_coarse
from lsl_runtime.evaluation.kinds import is_of_classes
from lsl_runtime.evaluation.labels import check_labels, labels_of, truth_of
from lsl_runtime.evaluation.scores import Scores, score
from lsl_runtime.evaluation.seen import images_for_testing
from lsl_runtime.evaluation.term_scores import score_term_tasks
from lsl_runtime.model.model import Model
from lsl_runtime.model.store_fit import check_image_size
from lsl_shared.allowed import AllowedSets, allowed_sets
from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import StoreError
from lsl_shared.files.allowed_classes import all_coarse, coarse_in
from lsl_shared.files.annotations import annotations_path
from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store
from lsl_shared.measures.conformal import MIN_GROUPS
from lsl_shared.measures.term_metrics import TermScores

__all__ = ["Evaluation", "evaluate"]


@dataclass(frozen=True)
class Evaluation:
    """What `evaluate` found."""

    store: str
    model: str
    model_digest: str
    task: str
    classes: tuple[str, ...]
    part: str
    """`test`, or `all` images."""
    n_images: int
    """Images evaluated, labelled or not."""
    n_genes: int
    labelled: Scores | None
    """Against the labels; None where no image evaluated has one."""
    coarse: CoarseScores | None
    """Against the labels of the coarse task that is the parent, or the first one; None where there are none."""
    truth: Scores | None
    """Against the truth that a demo store holds of every image."""
    notes: tuple[str, ...]
    """What a reader of the figures should know."""
    terms: dict[str, TermScores] = field(default_factory=dict)
    """Of each task of kind terms, per bag of images, by term and range."""
    further: dict[str, Scores] = field(default_factory=dict)
    """Of each further task of classes, against the labels."""
    further_coarse: dict[str, CoarseScores] = field(default_factory=dict)
    """Against the labels of each other coarse task."""
    age: AgeScores | None = None
    """How near the ages come; None where images have none, or nothing is known."""

    def to_json(self) -> str:
        """All figures as JSON text.

        Returns:
            An object with an entry for each field of this class.
        """
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


def evaluate(
    store: str | Path,
    model: Model,
    *,
    everything: bool = False,
    annotations: str | Path | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Scores all tasks of a model on the test images of its split.

    Images of other stores are known by their pixels and genes: one that was trained on, or whose gene was, is no test
    image, whatever its id is now. Images of which nobody can tell are left out. Labels are matched with the model's
    classes by name. Where coarse labels are known, the classes that keep to them are scored as well. A task without
    labels is noted. The model predicts, unless the annotations hold its answers to this store.

    Args:
        store: The image store.
        model: The model.
        everything: Whether to evaluate all images, those of the training too.
        annotations: The annotations file; None takes the one beside the store.
        on_progress: Called with the number of the store's images just passed.

    Returns:
        The figures. Nothing is written.

    Raises:
        StoreError: There is no label to compare with, no test image, or nobody can tell which they are.
        BundleError: The bundle has no split.csv.
        ImageError: The store's images are of another size.

    Example:
        >>> from lsl_runtime import Model, evaluate
        >>> found = evaluate("store.h5", Model.load("runs/demo/model"))
        >>> found.task, found.part
        ('stage', 'test')
        >>> 0 <= found.labelled.accuracy <= 1
        True
    """
    with Store(store) as opened:
        check_image_size(opened, model)
        check_labels(opened, model.manifest)
        notes = list[str]()
        rows, unseen = _rows(opened, model, everything, notes)
        given = annotations or annotations_path(store)
        answers = answers_to(opened, model, given, unseen, notes, on_progress or (lambda count: None))
        first = _first_task(opened, model.task, answers, rows, notes)
        coarse = first.coarse_scores()
        return Evaluation(
            store=str(store),
            model=str(model.path),
            model_digest=model.digest,
            task=first.task.name,
            classes=first.task.classes,
            part="all" if everything else "test",
            n_images=len(first.rows),
            n_genes=len(np.unique(first.groups[first.rows])),
            labelled=first.scores(labels_of(opened, first.task.name, first.task.classes, notes)),
            coarse=coarse[0] if coarse else None,
            truth=first.scores(truth_of(opened, first.task)),
            terms=score_term_tasks(opened, model.manifest, unseen, answers, notes),
            further=_further(opened, model.manifest.tasks[1:], unseen, answers, notes),
            further_coarse={one.task: one for one in coarse[1:]},
            age=_ages(opened, model, given, first, answers),
            notes=tuple(notes),
        )


@dataclass(frozen=True)
class _FirstTask:
    """The model's first task: the images to evaluate, what the model says of them, and what is known."""

    store: Store
    task: Task
    rows: NDArray[np.int64]
    """Places of the images."""
    probabilities: NDArray[np.float32]
    """(N, K), of all images."""
    coarse: tuple[tuple[CoarseTask, NDArray[np.int64]], ...]
    """Each coarse task with the known labels of it, (N,), −1 where none."""
    groups: NDArray[np.int64]
    """(N,): the gene of each image."""

    @cached_property
    def together(self) -> AllowedSets:
        """What the coarse labels of each image allow together."""
        return allowed_sets(self.coarse, len(self.task.classes), len(self.store))

    @cached_property
    def allowed(self) -> NDArray[np.bool_]:
        """(N, K): the classes that each image's coarse labels leave; all where they contradict each other."""
        return self.together.classes | self.together.contradictory[:, None]

    def scores(self, truth: NDArray[np.int64]) -> Scores | None:
        """Scores against known classes `truth` (N,), −1 where none; None where no image has one."""
        chosen = self.rows[truth[self.rows] >= 0]
        if not len(chosen):
            return None
        allowed = self.allowed[chosen] if (self.together.of_image[chosen] >= 0).any() else None
        above = all_coarse(self.store, self.task)
        return score(self.task, truth[chosen], self.probabilities[chosen], self.groups[chosen], allowed, above)

    def coarse_scores(self) -> list[CoarseScores]:
        """Scores against the labels of each coarse task of which an image has one."""
        found = [
            score_coarse(self.store, self.task, above, self.rows[known[self.rows] >= 0], known, self.probabilities)
            for above, known in self.coarse
        ]
        return [one for one in found if one is not None]


def _first_task(store: Store, task: Task, answers: Answers, rows: NDArray[np.int64], notes: list[str]) -> _FirstTask:
    """The first task over those of the images at `rows` that have an answer."""
    probabilities = answers[task.name]
    failed = np.isnan(probabilities[rows]).any(1)
    if failed.any():
        notes.append(f"{int(failed.sum()):,} images left out: they could not be read when they were annotated")
    if task.conformal_threshold is None and is_of_classes(task):
        notes.append(
            f"the model was calibrated on fewer than {MIN_GROUPS} genes: there are no prediction sets, and nothing is "
            "sure; `lsl-train --calibration cross` calibrates on all genes in turn"
        )
    coarse = tuple((one, labels_of(store, one.name, one.classes, notes)) for one in coarse_in(store, task))
    first = _FirstTask(store, task, rows[~failed], probabilities, coarse, store.groups())
    if several := int(first.together.contradictory[first.rows].sum()):
        notes.append(
            f"{several:,} image(s) have coarse labels that no class satisfies together: they constrain nothing"
        )
    return first


def _ages(store: Store, model: Model, annotations: str | Path, first: _FirstTask, answers: Answers) -> AgeScores | None:
    table = times_of(model, annotations)
    if table is None or PLACES not in answers:
        return None
    labels = labels_of(store, first.task.name, first.task.classes, [])
    given = np.nan_to_num(first.probabilities, nan=-1).argmax(1)
    return score_ages(store, table, answers[PLACES], given, labels, first.rows)


def _further(
    store: Store, tasks: Sequence[Task], rows: NDArray[np.int64], answers: Answers, notes: list[str]
) -> dict[str, Scores]:
    """Scores of the model's further tasks of classes over the images at `rows` that have a label of them."""
    found, groups = {}, store.groups()
    for task in filter(is_of_classes, tasks):
        labels, probabilities = labels_of(store, task.name, task.classes, notes), answers[task.name]
        chosen = rows[(labels[rows] >= 0) & ~np.isnan(probabilities[rows]).any(1)]
        if len(chosen):
            found[task.name] = score(task, labels[chosen], probabilities[chosen], groups[chosen])
        else:
            where = "no image evaluated is labelled" if task.name in store.tasks else "the store has no labels of it"
            notes.append(f"{task.name}: {where}, so it is not scored")
    return found


def _rows(
    store: Store, model: Model, everything: bool, notes: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the images to evaluate, those for testing that are not outside the task; then outside ones too."""
    if everything:
        notes.append("all images are evaluated, those of the training too: these figures flatter the model")
    unseen = np.ones(len(store), np.bool_) if everything else images_for_testing(store, model, notes)
    outside = outside_task(store, model.task)
    rows = np.flatnonzero(unseen & ~outside)
    if not len(rows):
        raise StoreError(store.path, "holds no test image of this model; --all evaluates on every image")
    if left := int((outside & unseen).sum()):
        coarse = " or ".join(one.name for one in coarse_in(store, model.task))
        notes.append(f"{left:,} images left out: their {coarse} has no {model.task.name}")
    return rows, np.flatnonzero(unseen)
