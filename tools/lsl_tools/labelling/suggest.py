"""Which images to label next: those that stand for many others of their coarse class of which a model is unsure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.coarse_labels import constrained
from lsl_runtime.model.bundles import naming
from lsl_shared.allowed import allowed_sets, told_classes
from lsl_shared.errors import AnnotationsError, ConfigError
from lsl_shared.files.annotations import Annotations, Status, annotations_path
from lsl_shared.files.store import Store
from lsl_shared.labels import LabelSpace
from lsl_shared.tables.writing import write_table
from lsl_shared.wording import command_line
from lsl_tools.labelling.coverage import spread_choice, unit_features

__all__ = ["Suggestion", "suggest", "uncertainty", "write_suggestions"]

_DIGITS = 4
_BASE = 0.5
"""What an image counts of which the model is sure: models that learnt from few labels are sure too soon."""


@dataclass(frozen=True)
class Suggestion:
    """An image worth a label."""

    row: int
    """Its place in the store."""
    id: str
    gene: str
    coarse: str
    """Its coarse classes, joined by "and" where several tasks know one; '' where unknown."""
    guess: str
    """What the model takes it for, among the fine classes that its coarse labels allow."""
    probability: float
    """Of that guess, among those classes."""
    task: str
    """The fine task to label."""


def suggest(
    store: str | Path, n: int, *, annotations: str | Path | None = None, task: str = ""
) -> tuple[Suggestion, ...]:
    """The `n` images of a store to label next, the most useful first; fewer where no more are left.

    `annotations` (default: beside the store) must hold features; `task` is the fine task (default: the only one that
    was annotated). Images whose fine label is known, or follows from the coarse ones, are left out. Raises StoreError,
    AnnotationsError that names the command to run, ConfigError for a task that cannot be suggested for, or where every
    image is labelled.
    """
    path = Path(annotations) if annotations is not None else annotations_path(store)
    with Store(store) as images:
        remedy = f"`{command_line('lsl-annotate', images.path, '--features')}` makes what is needed"
        if not path.exists():
            raise AnnotationsError(path, f"no such annotations; {remedy}")
        with Annotations(path) as given:
            if len(images) != len(given) or (images.ids != given.ids).any():
                raise AnnotationsError(path, f"does not belong to {images.path}; {remedy}", "id")
            if not given.has_features:
                making = command_line("lsl-annotate", images.path, "--features", *naming(given.model))
                raise AnnotationsError(path, f"was made without features; `{making}` makes what is needed", "features")
            return _suggestions(images, given, _task(images, given, task), n)


def uncertainty(probabilities: NDArray[np.float32], allowed: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Entropy of the allowed classes' shares of probability over that of even shares, (n,) in 0..1.

    `probabilities` and `allowed` are (n, K), at least two allowed in each row.
    """
    within = np.where(allowed, probabilities.astype(np.float64), 0)
    shares = within / np.maximum(within.sum(1, keepdims=True), 1e-12)
    entropy = -(shares * np.log(np.maximum(shares, 1e-12))).sum(1)
    return np.asarray(np.clip(entropy / np.log(allowed.sum(1)), 0, 1), dtype=np.float64)


def write_suggestions(suggestions: Sequence[Suggestion], path: str | Path) -> None:
    """Writes a table for a person to fill in: id, gene, coarse, guess, probability, and the empty column of the task.

    A name that ends in .xlsx makes it a workbook of texts, in which spreadsheets leave ranges and ids alone.
    """
    header = ("id", "gene", "coarse", "guess", "probability", suggestions[0].task)
    rows = ((one.id, one.gene, one.coarse, one.guess, one.probability, "") for one in suggestions)
    write_table(path, header, rows, _DIGITS)


def _suggestions(images: Store, given: Annotations, space: LabelSpace, n: int) -> tuple[Suggestion, ...]:
    known_coarse = [(one, images.labels(one.name)) for one in images.coarse_tasks(space.name)]
    sets = allowed_sets(known_coarse, len(space), len(images))
    coarse, allowed = sets.of_image, sets.classes
    labels, probabilities = images.labels(space.name), given.probabilities(space.name)
    usable = images.unusable() == ""
    useful = usable & (labels < 0) & (given.status == Status.ANNOTATED) & (allowed.sum(1) > 1)
    open_, known = np.flatnonzero(useful), np.flatnonzero(usable & (labels >= 0) & (given.status == Status.ANNOTATED))
    if not len(open_):
        raise ConfigError(f"{images.path}: no image without a label of {space.name!r} is left to suggest")
    weights = _BASE + uncertainty(probabilities[open_], allowed[open_])
    rows = np.concatenate([open_, known])
    features = unit_features(given, rows)
    chosen = open_[spread_choice(n, features, weights, coarse[rows], images.groups()[rows])]
    guesses, likely = constrained(probabilities[chosen], allowed[chosen])
    return tuple(
        Suggestion(
            row=int(row),
            id=images.ids[row],
            gene=images.genes[row],
            coarse=told_classes(known_coarse, row),
            guess=space.classes[index],
            probability=float(probability),
            task=space.name,
        )
        for row, index, probability in zip(chosen, guesses, likely, strict=True)
    )


def _task(images: Store, given: Annotations, name: str) -> LabelSpace:
    """The task to suggest for: annotated, in the store, and with the same classes in both."""
    both = [task for task in given.tasks if task in images.tasks]
    if (name or len(both) != 1) and name not in both:
        listed = ", ".join(both) or "none"
        raise ConfigError(f"--task must name an annotated task of the store: {listed}; received {name or 'none'!r}")
    space = images.tasks[name or both[0]]
    if space.classes != given.tasks[space.name]:
        raise AnnotationsError(given.path, f"its classes of {space.name!r} are not those of {images.path}", space.name)
    return space
