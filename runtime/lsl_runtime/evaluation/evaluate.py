"""Evaluating a model on a store: the exported graphs against the labels of images that were held out of training."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.coarse_labels import allowed_classes, outside_task
from lsl_runtime.evaluation.coarse_scores import CoarseScores, score_coarse
from lsl_runtime.evaluation.scores import Scores, score
from lsl_runtime.evaluation.term_scores import score_term_tasks
from lsl_runtime.model.model import Model
from lsl_runtime.model.split_file import read_split
from lsl_runtime.model.store_fit import check_image_size
from lsl_shared.errors import AnnotationsError, StoreError
from lsl_shared.files.annotations import Annotations, annotations_path
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.files.partitions import partitions
from lsl_shared.files.store import PARTS, Store
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
    """Against the coarse labels; None where there are none."""
    truth: Scores | None
    """Against the truth that a demo store holds of every image."""
    notes: tuple[str, ...]
    """What a reader of the figures should know."""
    terms: dict[str, TermScores] = field(default_factory=dict)
    """Of each task of kind terms, per bag of images, by term and range."""
    further: dict[str, Scores] = field(default_factory=dict)
    """Of each further task of classes, against the labels."""

    def to_json(self) -> str:
        """All figures as JSON text."""
        return json.dumps(asdict(self), indent=1, ensure_ascii=False)


def evaluate(
    store: str | Path,
    model: Model,
    *,
    everything: bool = False,
    annotations: str | Path | None = None,
    on_progress: Callable[[int], None] | None = None,
) -> Evaluation:
    """Scores all tasks of the model on the test images of its split, or on all images if `everything`.

    Images that the split does not know were never seen and count as test images. Labels are matched to the model's
    classes by name. Takes the answers from the annotations (beside the store unless named) where they are of this
    store and model, else predicts. Where coarse labels are known, the classes that keep to them are scored as well,
    whether or not they are stored: they follow from the probabilities. A task without labels is noted. `on_progress` is
    called with the number of the store's images just passed.
    Raises StoreError (no label to compare with, no test image), BundleError (no split.csv), ImageError (image size).
    """
    with Store(store) as opened:
        task, notes = model.task, list[str]()
        check_image_size(opened, model)
        _check_labels(opened, model.manifest)
        rows, unseen = _rows(opened, model, everything, notes)
        answers = _stored(opened, model, annotations or annotations_path(store), notes)
        advance = on_progress or (lambda count: None)
        if answers is None:
            answers = _predicted(opened, model, unseen, advance)
        else:
            advance(len(opened))
        probabilities = answers[task.name]
        rows = _answered(rows, probabilities, notes)
        if task.conformal_threshold is None and task.kind == "class":
            notes.append("too few calibration genes for prediction sets: each holds the predicted class alone")
        groups = opened.groups()
        known = _labels(opened, task.parent, task.parent_classes, notes)
        allowed = allowed_classes(opened, task) if (known[rows] >= 0).any() else None

        def against(truth: NDArray[np.int64]) -> Scores | None:
            chosen = rows[truth[rows] >= 0]
            kept_to = allowed[chosen] if allowed is not None and (known[chosen] >= 0).any() else None
            return score(task, truth[chosen], probabilities[chosen], groups[chosen], kept_to) if len(chosen) else None

        return Evaluation(
            store=str(store),
            model=str(model.path),
            model_digest=model.digest,
            task=task.name,
            classes=task.classes,
            part="all" if everything else "test",
            n_images=len(rows),
            n_genes=len(np.unique(groups[rows])),
            labelled=against(_labels(opened, task.name, task.classes, notes)),
            coarse=score_coarse(opened, task, rows[known[rows] >= 0], known, probabilities),
            truth=against(_truth(opened, task)),
            terms=score_term_tasks(opened, model.manifest, unseen, answers, notes),
            further=_further(opened, model.manifest, unseen, answers, notes),
            notes=tuple(notes),
        )


def _check_labels(store: Store, manifest: Manifest) -> None:
    wanted = [name for task in manifest.tasks for name in (task.name, task.parent) if name]
    held = [*store.tasks, *store.term_tasks]
    if not set(wanted) & set(held):
        told = f"no labels of {' or '.join(wanted)} to compare with; it has: {', '.join(held) or 'none'}"
        raise StoreError(store.path, told, "labels")


def _further(
    store: Store,
    manifest: Manifest,
    rows: NDArray[np.int64],
    answers: Mapping[str, NDArray[np.float32]],
    notes: list[str],
) -> dict[str, Scores]:
    """Scores of the model's further tasks of classes over the images at `rows` that have a label of them."""
    found, groups = {}, store.groups()
    for task in manifest.tasks[1:]:
        if task.kind == "terms":
            continue
        labels, chance = _labels(store, task.name, task.classes, notes), answers[task.name]
        chosen = rows[(labels[rows] >= 0) & ~np.isnan(chance[rows]).any(1)]
        if len(chosen):
            found[task.name] = score(task, labels[chosen], chance[chosen], groups[chosen])
        else:
            where = "no image evaluated is labelled" if task.name in store.tasks else "the store has no labels of it"
            notes.append(f"{task.name}: {where}, so it is not scored")
    return found


def _rows(
    store: Store, model: Model, everything: bool, notes: list[str]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places of the images to evaluate, those for testing that are not outside the task; then outside ones too."""
    split = {} if everything else read_split(model.path)
    part = np.array([split.get(image, "") for image in store.ids])
    unseen = int((part == "").sum())
    if everything:
        notes.append("all images are evaluated, those of the training too: these figures flatter the model")
    elif unseen:
        notes.append(f"{unseen:,} images are not in the model's split; they count as test images")
    if not everything and unseen < len(store) and model.manifest.store_fingerprint not in ("", store.fingerprint()):
        notes.append("not the store that the model was trained on: images are matched with its split by id")
    seen = np.isin(part, [name for name in PARTS if name != "test"])
    outside = outside_task(store, model.task)
    rows = np.flatnonzero(~seen & ~outside)
    if not len(rows):
        raise StoreError(store.path, "holds no test image of this model; --all evaluates on every image")
    if left := int((outside & ~seen).sum()):
        notes.append(f"{left:,} images left out: their {model.task.parent} has no {model.task.name}")
    return rows, np.flatnonzero(~seen)


def _stored(store: Store, model: Model, path: str | Path, notes: list[str]) -> dict[str, NDArray[np.float32]] | None:
    """The probabilities (N, K) of each task in the annotations; None where they are not this store's and model's."""
    if not Path(path).exists():
        return None
    try:
        with Annotations(path) as given:
            if given.store_fingerprint == store.fingerprint() and given.model_digest == model.digest:
                return {task.name: given.probabilities(task.name) for task in model.manifest.tasks}
    except AnnotationsError as problem:
        notes.append(f"annotations not used, predicted anew: {problem}")
        return None
    notes.append(f"{path} is of another model or store: not used, predicted anew")
    return None


def _predicted(
    store: Store, model: Model, rows: NDArray[np.int64], on_progress: Callable[[int], None]
) -> dict[str, NDArray[np.float32]]:
    """Of each task, probabilities (N, K) of the images at `rows`, NaN elsewhere."""
    tasks = model.manifest.tasks
    probabilities = {task.name: np.full((len(store), len(task.classes)), np.nan, np.float32) for task in tasks}
    for partition in partitions(len(store), store.chunk_images):
        inside = rows[(rows >= partition.start) & (rows < partition.stop)]
        if len(inside):
            batches = list(model.classify(store.select(inside)))
            for task in tasks:
                output = model.output("probabilities", task)
                probabilities[task.name][inside] = np.concatenate([batch[output] for batch in batches])
        on_progress(len(partition))
    return probabilities


def _answered(rows: NDArray[np.int64], probabilities: NDArray[np.float32], notes: list[str]) -> NDArray[np.int64]:
    failed = np.isnan(probabilities[rows]).any(1)
    if failed.any():
        notes.append(f"{int(failed.sum()):,} images left out: they could not be read when they were annotated")
    return rows[~failed]


def _labels(store: Store, name: str, classes: tuple[str, ...], notes: list[str]) -> NDArray[np.int64]:
    """The store's labels of a task as indices (N,) into the model's classes, −1 where unlabelled or unknown to it."""
    if name not in store.tasks:
        return np.full(len(store), -1)
    labels = store.labels(name)
    translated = _translated(labels, store.tasks[name].classes, classes)
    if lost := int(((labels >= 0) & (translated < 0)).sum()):
        notes.append(f"{lost:,} images have a {name} that the model does not know; they count as unlabelled")
    return translated


def _truth(store: Store, task: Task) -> NDArray[np.int64]:
    """The stage that a demo store's images were drawn at, as indices (N,) into the model's classes; else −1."""
    if task.name != "stage" or "stage" not in store.tasks or not store.has_truth("stage"):
        return np.full(len(store), -1)
    return _translated(store.truth("stage"), store.tasks["stage"].classes, task.classes)


def _translated(labels: NDArray[Any], known: tuple[str, ...], classes: tuple[str, ...]) -> NDArray[np.int64]:
    """Indices into `known` as indices into `classes`, −1 where there is no such class."""
    index = [classes.index(name) if name in classes else -1 for name in known]
    return np.asarray(np.array([*index, -1])[labels], dtype=np.int64)
