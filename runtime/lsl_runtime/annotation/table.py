"""Annotations as a table for spreadsheets and data frames."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.annotation.priors import Prior
from lsl_shared.errors import AnnotationsError, ConfigError
from lsl_shared.files.annotations import Annotations, Status
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.output_file import refuse_inputs
from lsl_shared.files.store import Store
from lsl_shared.measures.sure import LIST, NO_ANSWER
from lsl_shared.tables.writing import Cell, write_table

__all__ = ["annotation_columns", "write_csv", "write_parquet"]

_DIGITS = 4
_AGES = ("_age", "_age_low", "_age_high")


def write_csv(
    annotations: str | Path,
    store: str | Path,
    path: str | Path,
    *,
    max_set: int | None = None,
    prior: Prior | None = None,
) -> None:
    """Writes annotations as CSV or .xlsx, a row for each image; the classes of a set, terms and flags are joined by |.

    A workbook holds texts, so that spreadsheets leave ranges, ids and genes alone.

    Columns: id, gene, status, error, flags, the scope distance if the model tells it. Per task of terms: the terms
    chosen, and the probability of each. Per other task: class, probability, second choice and its probability,
    prediction set; what is sure, a class or the few that are left, and of which task; the age and its interval; the
    class that keeps to the coarse label and its probability, where they are stored.

    Args:
        annotations: The annotations file.
        store: The store that was annotated.
        path: The table to write; its ending .xlsx makes it a workbook, any other one a CSV.
        max_set: Images with more classes than this in their prediction set get no class but a flag; None sets no bound.
        prior: Other shares of the classes than those of the training, for a further column with the class for them.

    Raises:
        AnnotationsError: `path` is one of the two inputs, or these do not belong together.
        ConfigError: XlsxWriter, which a workbook needs, is not installed.

    Example:
        >>> from pathlib import Path
        >>> from lsl_runtime import write_csv
        >>> write_csv("store.annotations.h5", "store.h5", "answers.csv")
        >>> lines = Path("answers.csv").read_text().splitlines()
        >>> lines[0]
        'id,gene,status,error,flags,stage,stage_probability,stage_second,stage_second_probability,stage_prediction_set,stage_answer,stage_level,stage_age,stage_age_low,stage_age_high'
        >>> lines[1]
        'image00000,gene000,annotated,,,4,0.5413,5,0.1637,4,,,124.7765,80.0000,130.0000'
    """
    columns = annotation_columns(annotations, store, max_set=max_set, prior=prior)
    refuse_inputs(path, "--csv", [annotations, store], AnnotationsError)
    cells = ([_cell(value) for value in column] for column in columns.values())
    write_table(path, list(columns), zip(*cells, strict=True), _DIGITS)


def write_parquet(
    annotations: str | Path,
    store: str | Path,
    path: str | Path,
    *,
    max_set: int | None = None,
    prior: Prior | None = None,
) -> None:
    """Writes annotations as Parquet, the same columns as `write_csv`; sets, terms and flags are lists of strings.

    Args:
        annotations: The annotations file.
        store: The store that was annotated.
        path: The table to write.
        max_set: As for `write_csv`.
        prior: As for `write_csv`.

    Raises:
        AnnotationsError: `path` is one of the two inputs, or these do not belong together.
        ConfigError: pyarrow is not installed.

    Example:
        >>> from lsl_runtime import write_parquet
        >>> write_parquet("store.annotations.h5", "store.h5", "answers.parquet")
        >>> import pyarrow.parquet
        >>> pyarrow.parquet.read_table("answers.parquet").num_rows
        60
    """
    try:
        pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ConfigError("--parquet needs pyarrow: pip install 'lsl-toolkit[parquet]'") from None
    columns = annotation_columns(annotations, store, max_set=max_set, prior=prior)
    refuse_inputs(path, "--parquet", [annotations, store], AnnotationsError)
    kinds = {"probability": pyarrow.float32(), "distance": pyarrow.float32(), "set": pyarrow.list_(pyarrow.string()),
             "chosen": pyarrow.list_(pyarrow.string()),
             "flags": pyarrow.list_(pyarrow.string())}  # fmt: skip
    ages = {name + end for name in columns for end in _AGES}
    kinds |= dict.fromkeys(ages, pyarrow.float32())
    fields = [(name, kinds.get(name, kinds.get(name.rpartition("_")[2], pyarrow.string()))) for name in columns]
    with atomic_path(path) as temporary:
        parquet.write_table(pyarrow.table(columns, schema=pyarrow.schema(fields)), temporary)


def annotation_columns(
    annotations: str | Path, store: str | Path, *, max_set: int | None = None, prior: Prior | None = None
) -> dict[str, list[Any]]:
    """Column name → N values, as `write_csv` lists them; None where an image has no value.

    `flags` are lists of failed, outside, out-of-scope, abstained.
    """
    with Annotations(annotations) as given, Store(store) as images:
        if len(images) != len(given) or (images.ids != given.ids).any():
            raise AnnotationsError(annotations, f"does not belong to {store}", "id")
        columns = _image_columns(given, images)
        for task in given.tasks:
            columns |= _columns_of(given, task, columns["flags"], max_set)
            if prior is not None and prior.task == task and not given.is_terms(task):
                columns |= _weighted_columns(given, prior)
    return columns


def _image_columns(given: Annotations, images: Store) -> dict[str, list[Any]]:
    """What is told of each image, whatever the task."""
    status = [Status(value).name.lower() for value in given.status]
    flags = [[] if name == "annotated" else [name] for name in status]
    columns: dict[str, list[Any]] = {
        "id": list(images.ids), "gene": list(images.genes), "status": status, "error": list(given.errors),
        "flags": flags,
    }  # fmt: skip
    if given.has_scope:
        columns["scope_distance"] = _known(given.scope_distance())
        for row in np.flatnonzero(given.out_of_scope()):
            flags[row].append("out-of-scope")
    return columns


def _columns_of(given: Annotations, task: str, flags: list[list[str]], max_set: int | None) -> dict[str, list[Any]]:
    """The columns of one task; images whose sets are larger than `max_set` are flagged."""
    if given.is_terms(task):
        return _term_columns(given, task)
    columns = _class_columns(given, task, flags, max_set)
    if given.has_sure(task):
        columns |= _sure_columns(given, task)
    if given.has_age(task):
        columns |= _age_columns(given, task)
    return columns | _constrained_columns(given, task) if given.is_constrained(task) else columns


def _class_columns(given: Annotations, task: str, flags: list[list[str]], max_set: int | None) -> dict[str, list[Any]]:
    classes = given.tasks[task]
    columns: dict[str, list[Any]] = {
        f"{task}{suffix}": [] for suffix in ("", "_probability", "_second", "_second_probability", "_prediction_set")
    }
    rows = zip(given.class_index(task), given.probabilities(task), given.prediction_set(task), flags, strict=True)
    for index, probabilities, possible, flagged in rows:
        names = _chosen(classes, possible)
        abstains = max_set is not None and len(names) > max_set
        if abstains and "abstained" not in flagged:
            flagged.append("abstained")
        answer: list[Any] = [None] * 4 if index < 0 or abstains else _two_best(classes, int(index), probabilities)
        for column, value in zip(columns.values(), (*answer, names), strict=True):
            column.append(value)
    return columns


def _term_columns(given: Annotations, task: str) -> dict[str, list[Any]]:
    terms = given.tasks[task]
    chosen = [_chosen(terms, row) for row in given.chosen(task)]
    by_term = zip(terms, given.probabilities(task).T, strict=True)
    probabilities: dict[str, list[Any]] = {f"{task}:{name}_probability": _known(column) for name, column in by_term}
    return {f"{task}_chosen": chosen, **probabilities}


def _sure_columns(given: Annotations, task: str) -> dict[str, list[Any]]:
    """What is sure of each image: a class, or the few that are left, and of which task."""
    levels, classes = list(given.sure_level(task)), given.tasks[task]
    rows = zip(given.sure_answer(task), levels, given.possible(task), strict=True)
    answers = [answer or ("|".join(_chosen(classes, row)) if level == LIST else None) for answer, level, row in rows]
    return {f"{task}_answer": answers, f"{task}_level": [None if level == NO_ANSWER else level for level in levels]}


def _age_columns(given: Annotations, task: str) -> dict[str, list[Any]]:
    """The age of each image, and the ends of its interval."""
    columns = (given.age(task), *given.age_interval(task).T)
    return {f"{task}{end}": _known(column) for end, column in zip(_AGES, columns, strict=True)}


def _constrained_columns(given: Annotations, task: str) -> dict[str, list[Any]]:
    index, probability = given.constrained_class(task), given.constrained_probability(task)
    return {
        f"{task}_constrained": _named(given.tasks[task], index),
        f"{task}_constrained_probability": _known(probability),
    }


def _weighted_columns(given: Annotations, prior: Prior) -> dict[str, list[Any]]:
    index, probability = prior.answers(given.probabilities(prior.task))
    return {
        f"{prior.task}_weighted": _named(given.tasks[prior.task], index),
        f"{prior.task}_weighted_probability": _known(probability),
    }


def _two_best(classes: tuple[str, ...], index: int, probabilities: NDArray[np.float32]) -> list[Any]:
    """Name and probability of the class given and of the likeliest other one."""
    others = [k for k in np.argsort(-probabilities, kind="stable") if k != index]
    second = [classes[others[0]], float(probabilities[others[0]])] if others else [None, None]
    return [classes[index], float(probabilities[index]), *second]


def _chosen(names: tuple[str, ...], chosen: NDArray[np.bool_]) -> list[str]:
    return [names[k] for k in np.flatnonzero(chosen)]


def _named(classes: tuple[str, ...], index: NDArray[np.integer]) -> list[str | None]:
    """The classes of indices (N,), None for −1."""
    return [classes[k] if k >= 0 else None for k in index.tolist()]


def _known(values: NDArray[np.float32]) -> list[float | None]:
    """Values (N,), None for NaN."""
    return [None if np.isnan(value) else value for value in values.tolist()]


def _cell(value: Any) -> Cell:
    if isinstance(value, list):
        return "|".join(value)
    return value if isinstance(value, float) else str(value or "")
