"""Out-of-fold answers: what models said of the labelled images of genes that they were not trained on.

    attrs                 format = "lsl-out-of-fold", version = 1, store_fingerprint
    id                    str (N,): the labelled images of the store
    fold                  int16 (N,): which fold left the image out; −1 = a test gene, which no model has seen
    <task>                group; attrs: classes
    <task>/probabilities  float32 (N, K): of the model that did not see the image's gene; rows add up to 1
    <task>/label          int16 (N,): index into classes, as trained on; −1 = no label

A column of NaN is a class that the models cannot answer, a row of NaN an image without answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.attributes import read_names, read_text
from lsl_shared.files.hdf5 import members, read_array, read_strings
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.opening import loading, open_file

__all__ = ["OUT_OF_FOLD", "OutOfFold", "TaskAnswers", "read_out_of_fold", "write_out_of_fold"]

OUT_OF_FOLD = "out_of_fold.h5"
"""The name of the file, in the folder of a run."""
_FORMAT, _VERSION = "lsl-out-of-fold", 1
_REMEDY = "`lsl-train STORE --calibration cross` writes it into its run"
_ROUNDING = 1e-3


@dataclass(frozen=True)
class TaskAnswers:
    """The answers for one task."""

    classes: tuple[str, ...]
    probabilities: NDArray[np.float32]
    """(N, K) in 0..1; NaN where a class or an image has no answer."""
    labels: NDArray[np.int16]
    """(N,), −1 where unlabelled, as they were when it was trained."""


@dataclass(frozen=True)
class OutOfFold:
    """The out-of-fold answers of a run."""

    store_fingerprint: str
    ids: NDArray[np.object_]
    """(N,) of the images, each once."""
    folds: NDArray[np.int16]
    """(N,): which fold left each image out; −1 = all did, it is of a test gene."""
    tasks: Mapping[str, TaskAnswers]
    """The fine task first."""


def write_out_of_fold(path: str | Path, answers: OutOfFold) -> None:
    """Writes the file in one piece. Raises OSError where the disk refuses it."""
    with atomic_path(path) as temporary, written_hdf5(temporary, track_order=True) as (file, _):
        file.attrs.update({"format": _FORMAT, "version": _VERSION, "store_fingerprint": answers.store_fingerprint})
        file.create_dataset("id", data=list(answers.ids), dtype=h5py.string_dtype())
        file.create_dataset("fold", data=answers.folds, dtype=np.int16)
        for name, task in answers.tasks.items():
            group = file.create_group(name)
            group.attrs.create("classes", list(task.classes), dtype=h5py.string_dtype())
            group.create_dataset("probabilities", data=task.probabilities, dtype=np.float32)
            group.create_dataset("label", data=task.labels, dtype=np.int16)


def read_out_of_fold(path: str | Path) -> OutOfFold:
    """Reads the file. Raises DataFileError, naming the file and the key, for one that cannot be used."""
    file = open_file(path, _FORMAT, _VERSION, DataFileError, _REMEDY)
    with file, loading(file, DataFileError, "out-of-fold answers", f". {_REMEDY}"):
        folds = read_array(file, "fold", DataFileError, dtype="iu", shape=(None,)).astype(np.int16)
        ids = read_strings(file, "id", DataFileError, len(folds))
        if len(set(ids)) < len(ids):
            raise DataFileError(path, "an image is named twice", "id")
        groups = [name for name in file if file.get(name, getclass=True) is h5py.Group]
        tasks = {name: _task(file, name, len(ids)) for name in groups}
        return OutOfFold(read_text(file, "store_fingerprint"), ids, folds, tasks)


def _task(file: h5py.File, name: str, count: int) -> TaskAnswers:
    path = Path(file.filename)
    members(file, name, DataFileError)
    classes = read_names(file[name], "classes")
    key = f"{name}/probabilities"
    shape = (count, len(classes))
    probabilities = read_array(file, key, DataFileError, dtype="f", shape=shape).astype(np.float32)
    labels = read_array(file, f"{name}/label", DataFileError, dtype="i", shape=(count,)).astype(np.int16)
    if count and not -1 <= labels.min() <= labels.max() < len(classes):
        raise DataFileError(path, f"lies outside its {len(classes)} classes", f"{name}/label")
    if not _are_probabilities(probabilities):
        raise DataFileError(path, "expected probabilities, 0 to 1, that add up to 1 in each row", key)
    return TaskAnswers(classes, probabilities, labels)


def _are_probabilities(values: NDArray[Any]) -> bool:
    known = ~np.isnan(values).all(1)
    inside = np.isnan(values) | ((values >= 0) & (values <= 1 + _ROUNDING))
    return bool(inside.all() and (np.abs(np.nansum(values[known], axis=1) - 1) <= _ROUNDING).all())
