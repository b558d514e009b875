"""The labels of a store: its tasks, the label of each image, and the terms that each image carries."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import LabelError, StoreError
from lsl_shared.files.attributes import read_names, read_text, read_wholes
from lsl_shared.files.hdf5 import members, read_array
from lsl_shared.files.store_coarse import ordered_tasks, read_further
from lsl_shared.files.whole_numbers import UNKNOWN, whole_numbers
from lsl_shared.labels import LabelSpace

__all__ = ["NOT_ANNOTATED", "TERMS_KIND", "read_labels", "read_tasks", "read_terms"]

NOT_ANNOTATED = 255
"""In a task of kind terms: nobody has said whether the image carries the term."""
TERMS_KIND = "terms"
"""The attribute `kind` of a task where an image may carry several classes; the other tasks have none."""

Spaces = dict[str, LabelSpace]
Further = dict[str, tuple[CoarseTask, ...]]


def read_tasks(file: h5py.File) -> tuple[Spaces, Spaces, Further]:
    """The tasks of classes, coarse ones before fine ones; those of kind terms; coarse tasks beside a fine one's parent.

    Raises StoreError with the key.
    """
    stored = members(file, "labels", StoreError)
    terms = {name for name, item in stored.items() if _kind(file, name, item) == TERMS_KIND}
    spaces = {name: _read_space(file, name, item) for name, item in stored.items()}
    classes = {name: space for name, space in spaces.items() if name not in terms}
    for space in classes.values():
        _check_parent(file, space, classes)
    further = read_further(file, classes)
    return ordered_tasks(file, classes, further), {name: spaces[name] for name in sorted(terms)}, further


def read_labels(file: h5py.File, space: LabelSpace, count: int) -> NDArray[np.int16]:
    """The labels of a task, int16 (count,), index into its classes, −1 = unlabelled. Raises StoreError."""
    key = f"labels/{space.name}"
    stored = read_array(file, key, StoreError, dtype="iuf", shape=(count,))
    try:
        labels = whole_numbers(stored)
    except ValueError as problem:
        raise StoreError(Path(file.filename), f"labels {problem}", key) from None
    if labels.min() < -1 or labels.max() >= len(space):
        found = f"labels must lie in -1 … {len(space) - 1}, found {labels.min()} … {labels.max()}"
        raise StoreError(Path(file.filename), found + _cure(stored, labels, len(space)), key)
    return np.asarray(labels, dtype=np.int16)


def read_terms(file: h5py.File, space: LabelSpace, count: int) -> NDArray[np.uint8]:
    """The labels of a task of kind terms, uint8 (count, T): 1 carried, 0 not, 255 not annotated. Raises StoreError."""
    key = f"labels/{space.name}"
    stored = read_array(file, key, StoreError, dtype="iuf", shape=(count, len(space)))
    try:
        terms = whole_numbers(stored)
    except ValueError as problem:
        raise StoreError(Path(file.filename), f"terms {problem}", key) from None
    terms[terms == UNKNOWN] = NOT_ANNOTATED
    if not np.isin(terms, (0, 1, NOT_ANNOTATED)).all():
        raise StoreError(Path(file.filename), f"terms are 0, 1 or {NOT_ANNOTATED}, found {terms.max()}", key)
    return terms.astype(np.uint8)


def _read_space(file: h5py.File, name: str, item: h5py.Dataset) -> LabelSpace:
    try:
        return LabelSpace(
            name,
            read_names(item, "classes"),
            read_text(item, "parent"),
            read_wholes(item, "parent_index"),
        )
    except (KeyError, ValueError, TypeError, OverflowError, LabelError) as problem:
        raise StoreError(Path(file.filename), f"classes cannot be used: {problem}", f"labels/{name}") from None


def _kind(file: h5py.File, name: str, item: h5py.Dataset) -> str:
    try:
        return read_text(item, "kind")
    except ValueError as problem:
        raise StoreError(Path(file.filename), str(problem), f"labels/{name}") from None


def _cure(stored: NDArray[Any], labels: NDArray[np.int64], classes: int) -> str:
    """What most likely went wrong where labels lie outside their classes; '' where nobody can tell."""
    if labels.min() >= 1 and labels.max() == classes:
        return ": classes count from 0, and R and MATLAB count from 1, so write them less 1"
    if stored.dtype.kind == "u" and labels.max() == np.iinfo(stored.dtype).max:
        return ": unsigned numbers have no -1 for an image without a label, so write int16"
    return ""


def _check_parent(file: h5py.File, space: LabelSpace, spaces: Spaces) -> None:
    path, key = Path(file.filename), f"labels/{space.name}"
    if space.parent not in ("", *spaces):
        raise StoreError(path, f"parent task {space.parent!r} is not in the store", key)
    try:
        if space.parent:
            space.check_parent(spaces[space.parent])
    except LabelError as problem:
        raise StoreError(path, str(problem), key) from None
