"""Annotations as a table for spreadsheets and data frames."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from lsl_shared.annotations import Annotations, Status
from lsl_shared.atomic import atomic_path
from lsl_shared.errors import AnnotationsError
from lsl_shared.store import Store

__all__ = ["write_csv"]


def write_csv(annotations: str | Path, store: str | Path, path: str | Path) -> None:
    """Writes one row an image: id, gene, status, error, and per task its class, probability and prediction set.

    The classes of a prediction set are joined by |. Raises AnnotationsError where `path` is one of the two inputs.
    """
    path = Path(path)
    if path.exists() and any(path.samefile(source) for source in (annotations, store)):
        raise AnnotationsError(path, "is one of the inputs; choose another file for --csv")
    with Annotations(annotations) as given, Store(store) as images:
        if len(images) != len(given) or (images.ids != given.ids).any():
            raise AnnotationsError(annotations, f"does not belong to {store}", "id")
        columns = [images.ids, images.genes, [Status(status).name.lower() for status in given.status], given.errors]
        header = ["id", "gene", "status", "error"]
        for task, classes in given.tasks.items():
            header += [task, f"{task}_probability", f"{task}_prediction_set"]
            columns += _task_columns(given, task, classes)
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(zip(*columns, strict=True))


def _task_columns(given: Annotations, task: str, classes: tuple[str, ...]) -> list[list[str]]:
    names = [classes[index] if index >= 0 else "" for index in given.class_index(task)]
    chances = ["" if np.isnan(p) else f"{p:.4f}" for p in given.probability(task)]
    sets = ["|".join(classes[k] for k in np.flatnonzero(row)) for row in given.prediction_set(task)]
    return [names, chances, sets]
