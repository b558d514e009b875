"""Joining the parts into the annotations file, which appears by a rename when it is complete."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_runtime.ages import place_among_classes, write_ages
from lsl_runtime.annotation.bulk import copy_bulk
from lsl_runtime.annotation.labels_digest import LABELS_DIGEST, WITHHELD, labels_digest
from lsl_runtime.annotation.part_rows import PartRows, read_rows, together
from lsl_runtime.annotation.plan import Plan
from lsl_runtime.coarse_labels import outside_task, write_constrained
from lsl_runtime.sure_levels import write_sure
from lsl_shared.files.age_columns import POSITIONS
from lsl_shared.files.annotations import ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION, Status
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.files.marks import mark
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.repacked import sample_digest
from lsl_shared.files.texts import write_few_texts, write_texts
from lsl_shared.measures.age import AGE_DENSITY
from lsl_shared.measures.conformal import prediction_set

__all__ = ["join_parts", "write_columns"]

_DISTANCE = "scope_distance"
_ROWS = 4096
"""Images whose columns are written together."""


def join_parts(plan: Plan) -> None:
    """Writes the annotations of a store from its parts, partition by partition; saliency chunks are copied raw.

    The temporary file lies among the parts, so that nothing else is ever left behind.
    """
    store, manifest = plan.store, plan.model.manifest
    with (
        atomic_path(plan.target, within=plan.files.folder) as temporary,
        written_hdf5(temporary, track_order=True) as (file, _),
    ):
        _describe(file, plan)
        joined = _Joined(file, plan)
        for partition in plan.partitions:
            with plan.files.open(partition) as part:
                joined.add(partition, part)
        joined.finish()
        write_sure(file, store, manifest)
        write_ages(file, manifest, plan.timetables)
        if plan.outputs.constrain:
            write_constrained(file, store, manifest, plan.outputs.constrain)


class _Joined:
    """The annotations file in the making, and what is written when all parts are in it."""

    def __init__(self, file: h5py.File, plan: Plan) -> None:
        store, manifest = plan.store, plan.model.manifest
        self._file, self._store, self._tasks, self._manifest = file, store, manifest.tasks, manifest
        self._outside = {task.name: outside_task(store, task) for task in manifest.tasks}
        self._status = np.full(len(store), Status.ANNOTATED, dtype=np.uint8)
        self._errors: dict[int, str] = {}
        self._providers: set[str] = set()
        self._columns = {task.name: _create_columns(file, task, len(store)) for task in manifest.tasks}
        self._distance = _create_distance(file, manifest, len(store))
        for name in plan.timetables:
            self._columns[name].create_dataset(POSITIONS, (len(store), 3), np.float32)
        self._withheld: dict[str, list[NDArray[np.float32]]] = {task.name: [] for task in manifest.tasks}
        self._waiting: list[PartRows] = []
        self._names = [*(_probabilities(task) for task in manifest.tasks), *[_DISTANCE] * (self._distance is not None)]
        self._names += [AGE_DENSITY] * (manifest.tasks[0].name in plan.timetables)

    def add(self, partition: range, part: h5py.File) -> None:
        """Adds the part of a partition."""
        self._providers.add(str(part.attrs["provider"]))
        self._waiting.append(read_rows(partition, part, self._names))
        copy_bulk(self._file, part, partition, self._store)
        if partition.stop - self._waiting[0].rows.start >= _ROWS:
            self._write()

    def _write(self) -> None:
        """Writes what the parts that wait say: many small writes take much longer than one."""
        said, self._waiting = together(self._waiting), []
        rows = slice(said.rows.start, said.rows.stop)
        self._errors |= said.errors
        self._status[list(said.errors)] = Status.FAILED
        failed = self._status[rows] == Status.FAILED
        for task in self._tasks:
            probabilities, outside = said.values[_probabilities(task)], self._outside[task.name][rows]
            write_columns(self._columns[task.name], rows, probabilities, task, outside | failed)
            self._withheld[task.name].append(probabilities[outside & ~failed])
            if POSITIONS in self._columns[task.name]:
                density = said.values.get(AGE_DENSITY) if task == self._tasks[0] else None
                places = place_among_classes(self._manifest, task, probabilities, density)
                self._columns[task.name][POSITIONS][rows] = places
        if self._distance is not None:
            self._distance[rows] = said.values[_DISTANCE]

    def finish(self) -> None:
        """Writes what is left, and what is known of all images together."""
        if self._waiting:
            self._write()
        first = self._outside[self._tasks[0].name]
        self._status[first & (self._status == Status.ANNOTATED)] = Status.OUTSIDE
        for name, kept in self._withheld.items():
            self._columns[name][WITHHELD] = np.concatenate(kept)
        self._file.attrs["providers"] = ", ".join(sorted(self._providers))
        self._file["status"] = self._status
        write_texts(self._file, "id", self._store.id_texts)
        write_few_texts(self._file, "error", len(self._store), self._errors)


def _probabilities(task: Task) -> str:
    """The name of a task's probabilities in a part."""
    return f"probabilities/{task.name}"


def _describe(file: h5py.File, plan: Plan) -> None:
    """Writes which store and model the annotations are of."""
    store, model = plan.store, plan.model
    mark(file, ANNOTATIONS_FORMAT, ANNOTATIONS_VERSION)
    file.attrs.update(
        {
            "store": _relative(store.path, plan.target.parent),
            "store_fingerprint": plan.record.store_fingerprint,
            "store_packing": store.packing,
            "store_sample": sample_digest(store),
            "model_digest": model.digest,
            "model": os.fspath(model.path.resolve()),
            "precision": model.manifest.precision,
            LABELS_DIGEST: labels_digest(store, model.manifest.tasks),
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
        }
    )


def _relative(path: Path, folder: Path) -> str:
    """The way from a folder to a file; the whole path where there is none, as between drives of Windows."""
    try:
        return Path(os.path.relpath(path, folder)).as_posix()
    except ValueError:
        return path.resolve().as_posix()


def _create_columns(file: h5py.File, task: Task, count: int) -> h5py.Group:
    group, classes = file.create_group(task.name), len(task.classes)
    group.attrs.create("classes", list(task.classes), dtype=h5py.string_dtype())
    group.create_dataset("probabilities", (count, classes), np.float32)
    if task.kind == "terms":
        group.attrs["kind"] = "terms"
        group.create_dataset("chosen", (count, classes), np.uint8)
        return group
    group.create_dataset("class", (count,), np.int16)
    group.create_dataset("probability", (count,), np.float32)
    group.create_dataset("prediction_set", (count, classes), np.uint8)
    return group


def _create_distance(file: h5py.File, manifest: Manifest, count: int) -> h5py.Dataset | None:
    """Where the scope distances go, with the model's threshold; None where it has none."""
    if manifest.scope_threshold is None:
        return None
    distance = file.create_dataset(_DISTANCE, (count,), np.float32)
    distance.attrs["threshold"] = manifest.scope_threshold
    return distance


def write_columns(
    group: h5py.Group, rows: slice, probabilities: NDArray[np.float32], task: Task, blank: NDArray[np.bool_]
) -> None:
    """Rows of a task's answer; `blank` (n,) marks images that get none: class −1, NaN, an empty set, no term."""
    shown = np.where(blank[:, None], np.float32("nan"), probabilities)
    group["probabilities"][rows] = shown
    if task.kind == "terms":
        chosen = probabilities >= np.array(task.thresholds, np.float32)
        _write_flags(group["chosen"], rows, chosen & ~blank[:, None])
        return
    group["class"][rows] = np.where(blank, -1, probabilities.argmax(1)).astype(np.int16)
    group["probability"][rows] = shown.max(1)
    possible = prediction_set(probabilities, task.conformal_threshold)
    _write_flags(group["prediction_set"], rows, possible & ~blank[:, None])


def _write_flags(dataset: h5py.Dataset, rows: slice, flags: NDArray[np.bool_]) -> None:
    """Rows of 0 and 1: uint8, which every program reads; bool in files of version 1, which are joined again."""
    dataset[rows] = flags.astype(dataset.dtype)
