"""Annotations as a table for spreadsheets and data frames."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from lsl_runtime.annotation.priors import Prior
from lsl_shared.errors import AnnotationsError, ConfigError
from lsl_shared.files.annotations import Annotations, Status
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.store import Store

__all__ = ["annotation_columns", "refuse_inputs", "write_csv", "write_parquet"]


def write_csv(
    annotations: str | Path,
    store: str | Path,
    path: str | Path,
    *,
    max_set: int | None = None,
    prior: Prior | None = None,
) -> None:
    """Writes the columns of `annotation_columns` as CSV; classes of a set and flags are joined by |, none is empty.

    Raises AnnotationsError where `path` is one of the two inputs, or where these do not belong together.
    """
    columns = annotation_columns(annotations, store, max_set=max_set, prior=prior)
    refuse_inputs(path, "--csv", [annotations, store])
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        writer.writerows(zip(*([_cell(value) for value in column] for column in columns.values()), strict=True))


def write_parquet(
    annotations: str | Path,
    store: str | Path,
    path: str | Path,
    *,
    max_set: int | None = None,
    prior: Prior | None = None,
) -> None:
    """Writes the columns of `annotation_columns` as Parquet, sets and flags as lists of strings.

    Raises as `write_csv`, and ConfigError where pyarrow is not installed.
    """
    try:
        pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ConfigError("--parquet needs pyarrow: pip install 'lsl-toolkit[parquet]'") from None
    columns = annotation_columns(annotations, store, max_set=max_set, prior=prior)
    refuse_inputs(path, "--parquet", [annotations, store])
    kinds = {"probability": pyarrow.float32(), "distance": pyarrow.float32(), "set": pyarrow.list_(pyarrow.string()),
             "chosen": pyarrow.list_(pyarrow.string()),
             "flags": pyarrow.list_(pyarrow.string())}  # fmt: skip
    fields = [(name, kinds.get(name.rpartition("_")[2], pyarrow.string())) for name in columns]
    with atomic_path(path) as temporary:
        parquet.write_table(pyarrow.table(columns, schema=pyarrow.schema(fields)), temporary)


def annotation_columns(
    annotations: str | Path, store: str | Path, *, max_set: int | None = None, prior: Prior | None = None
) -> dict[str, list[Any]]:
    """Column name → N values: id, gene, status, error, flags, the scope distance if the model tells it, and per task.

    `flags` are lists of failed, outside, out-of-scope, abstained. Per task of terms: the list of those chosen, and the
    probability of each. Per other task: its class (None if none), probability, second choice and its probability,
    prediction set (list of class names); with --constrain also the class that keeps to the coarse label, and its
    probability; with a `prior` also the class for those shares of the classes. Where the set has more than `max_set`
    classes the model abstains: no class, no second choice, a flag.
    """
    with Annotations(annotations) as given, Store(store) as images:
        if len(images) != len(given) or (images.ids != given.ids).any():
            raise AnnotationsError(annotations, f"does not belong to {store}", "id")
        status = [Status(value).name.lower() for value in given.status]
        flags = [[] if name == "annotated" else [name] for name in status]
        columns: dict[str, list[Any]] = {
            "id": list(images.ids), "gene": list(images.genes), "status": status, "error": list(given.errors),
            "flags": flags,
        }  # fmt: skip
        if given.has_scope:
            columns["scope_distance"] = [None if np.isnan(far) else far for far in given.scope_distance().tolist()]
            for row in np.flatnonzero(given.out_of_scope()):
                flags[row].append("out-of-scope")
        for task, classes in given.tasks.items():
            if given.is_terms(task):
                columns |= _term_columns(given, task, classes)
                continue
            columns |= _task_columns(given, task, classes, flags, max_set)
            if given.is_constrained(task):
                columns |= _constrained_columns(given, task, classes)
            if prior is not None and prior.task == task:
                columns |= _weighted_columns(given, prior, classes)
    return columns


def _task_columns(
    given: Annotations, task: str, classes: tuple[str, ...], flags: list[list[str]], max_set: int | None
) -> dict[str, list[Any]]:
    columns: dict[str, list[Any]] = {
        f"{task}{suffix}": [] for suffix in ("", "_probability", "_second", "_second_probability", "_prediction_set")
    }
    rows = zip(given.class_index(task), given.probabilities(task), given.prediction_set(task), flags, strict=True)
    for index, chance, chosen, flagged in rows:
        names = [classes[k] for k in np.flatnonzero(chosen)]
        abstains = max_set is not None and len(names) > max_set
        if abstains and "abstained" not in flagged:
            flagged.append("abstained")
        answer: list[Any] = [None] * 4 if index < 0 or abstains else _two_best(classes, int(index), chance)
        for column, value in zip(columns.values(), (*answer, names), strict=True):
            column.append(value)
    return columns


def _term_columns(given: Annotations, task: str, classes: tuple[str, ...]) -> dict[str, list[Any]]:
    chosen = [[classes[k] for k in np.flatnonzero(row)] for row in given.chosen(task)]
    shares = {
        f"{task}:{name}_probability": [None if np.isnan(share) else share for share in column.tolist()]
        for name, column in zip(classes, given.probabilities(task).T, strict=True)
    }
    return {f"{task}_chosen": chosen, **shares}


def _constrained_columns(given: Annotations, task: str, classes: tuple[str, ...]) -> dict[str, list[Any]]:
    chosen, chance = given.constrained_class(task).tolist(), given.constrained_probability(task).tolist()
    return {
        f"{task}_constrained": [classes[index] if index >= 0 else None for index in chosen],
        f"{task}_constrained_probability": [
            share if index >= 0 else None for index, share in zip(chosen, chance, strict=True)
        ],
    }


def _weighted_columns(given: Annotations, prior: Prior, classes: tuple[str, ...]) -> dict[str, list[Any]]:
    chosen, chance = prior.answers(given.probabilities(prior.task))
    return {
        f"{prior.task}_weighted": [classes[index] if index >= 0 else None for index in chosen.tolist()],
        f"{prior.task}_weighted_probability": [None if np.isnan(share) else share for share in chance.tolist()],
    }


def _two_best(classes: tuple[str, ...], index: int, chance: np.ndarray[Any, Any]) -> list[Any]:
    """Name and probability of the class given and of the likeliest other one."""
    others = [k for k in np.argsort(-chance, kind="stable") if k != index]
    second = [classes[others[0]], float(chance[others[0]])] if others else [None, None]
    return [classes[index], float(chance[index]), *second]


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return "|".join(value)
    return f"{value:.4f}" if isinstance(value, float) else str(value or "")


def refuse_inputs(path: str | Path, option: str, inputs: Iterable[str | Path]) -> None:
    """Raises AnnotationsError where `path`, given for `option`, is a folder or one of the files that are read."""
    path = Path(path)
    if path.is_dir():
        raise AnnotationsError(path, f"is a folder; name a file for {option}")
    if path.resolve() in [Path(source).resolve() for source in inputs]:
        raise AnnotationsError(path, f"is one of the inputs; choose another file for {option}")
