"""The age of every image of finished annotations: a place among the classes, told by a timetable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import ConfigError
from lsl_shared.files.age_columns import AGES, POSITIONS, stored_timetable, write_timetable
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.manifest import Manifest, Task
from lsl_shared.fly_timetable import default_timetable
from lsl_shared.measures.age import density_of, hull, positions_of
from lsl_shared.measures.conformal import prediction_set
from lsl_shared.tables.timetable_file import read_timetable
from lsl_shared.timetable import Timetable

__all__ = ["are_outdated", "kept_times", "place_among_classes", "timetables", "write_ages"]


def timetables(tasks: Iterable[Task], given: str | Path | None) -> dict[str, Timetable]:
    """The timetable of each task that is to have ages: that of the table `given` where it tells of its classes.

    Raises ConfigError where it lacks a class of the first task, and DataFileError.
    """
    table, found = read_timetable(given) if given is not None else None, {}
    for place, task in enumerate(tasks):
        if task.kind == "terms":
            continue
        if table and (place == 0 or any(map(table.has, task.classes))):
            found[task.name] = _of(table, task)
        elif usual := default_timetable(task.name, task.classes):
            found[task.name] = usual
    return found


def _of(table: Timetable, task: Task) -> Timetable:
    try:
        return table.of(task.classes)
    except ConfigError as problem:
        raise ConfigError(f"--timetable, task {task.name}: {problem}") from None


def place_among_classes(
    manifest: Manifest, task: Task, probabilities: NDArray[np.floating], density: NDArray[np.floating] | None = None
) -> NDArray[np.float32]:
    """Low end, median and high end of each image's place among the classes, float32 (N, 3), NaN for failed images.

    `density` is what the model's head for time gave; without one it follows from the probabilities (N, K). A model
    that tells no threshold for intervals has those of its prediction sets, from the first class to the last.
    """
    threshold = manifest.age_thresholds.get(task.name)
    found = positions_of(density_of(probabilities) if density is None else density, threshold)
    if threshold is None and task.conformal_threshold is not None:
        known = ~np.isnan(probabilities).any(1)
        ends = hull(prediction_set(probabilities[known], task.conformal_threshold))
        found[known, 0], found[known, 2] = (
            np.minimum(ends[:, 0], found[known, 1]),
            np.maximum(ends[:, 1], found[known, 1]),
        )
    return found


def are_outdated(found: Annotations, wanted: Mapping[str, Timetable], asked: bool) -> bool:
    """Whether ages lack, or follow another timetable than the one that was `asked` for."""
    return any(not found.has_age(task) or (asked and found.timetable(task) != table) for task, table in wanted.items())


def kept_times(file: h5py.File, usual: Mapping[str, Timetable]) -> dict[str, Timetable]:
    """The timetables that the ages of a file follow, the `usual` one for a task without ages."""
    return {task: stored_timetable(file[task]) or table for task, table in usual.items()}


def write_ages(file: h5py.File, manifest: Manifest, wanted: Mapping[str, Timetable]) -> None:
    """Writes the ages of images by the timetables `wanted`, anew where they stand, from their places.

    Images without a class have none.
    """
    for task in manifest.tasks:
        if task.name not in wanted:
            continue
        group, table = file[task.name], wanted[task.name]
        places = np.asarray(group[POSITIONS][...], np.float32)
        places[group["class"][...] < 0] = np.nan
        for name, column in zip(AGES, table.ages(places).T.astype(np.float32), strict=True):
            if name in group:
                del group[name]
            group[name] = column
            group[name].attrs["unit"] = table.unit
        write_timetable(group, table)
        promised = manifest.age_thresholds.get(task.name) is not None or task.conformal_threshold is not None
        group.attrs["age_coverage"] = task.coverage if promised else np.nan
