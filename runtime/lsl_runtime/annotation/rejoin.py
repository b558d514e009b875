"""Finished annotations after labels were corrected: what depends on labels is written anew, without inference.

Three things depend on the store's coarse labels: which images lie outside a task and get no class of it, what is sure
of the others, and the constrained answers. Ages depend on a timetable.
"""

from __future__ import annotations

import shutil
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_runtime.ages import kept_times, place_among_classes, write_ages
from lsl_runtime.annotation.join import write_columns
from lsl_runtime.annotation.labels_digest import LABELS_DIGEST, WITHHELD, labels_digest
from lsl_runtime.annotation.plan import Plan
from lsl_runtime.coarse_labels import outside_task, write_constrained
from lsl_runtime.sure_levels import write_sure
from lsl_shared.errors import AnnotationsError
from lsl_shared.files.age_columns import POSITIONS
from lsl_shared.files.annotations import Status
from lsl_shared.files.atomic import atomic_path
from lsl_shared.files.manifest import Manifest
from lsl_shared.files.new_hdf5 import written_hdf5
from lsl_shared.files.store import Store

__all__ = ["join_again"]

_CONSTRAINED_BY = "constrained_by"


def join_again(plan: Plan) -> None:
    """Writes the finished annotations of a store anew for the labels that it has now.

    Raises AnnotationsError where the file does not hold what the graphs said of all images.
    """
    target, store, manifest = plan.target, plan.store, plan.model.manifest
    with atomic_path(target, within=plan.files.folder) as temporary:
        shutil.copyfile(target, temporary)
        with written_hdf5(temporary, "r+") as (file, _):
            failed = file["status"][...] == Status.FAILED
            for task in manifest.tasks:
                group, outside = file[task.name], outside_task(store, task)
                probabilities = _probabilities(target, group, failed)
                write_columns(group, slice(None), probabilities, task, outside | failed)
                del group[WITHHELD]
                group[WITHHELD] = probabilities[outside & ~failed]
                if task.name in plan.timetables and POSITIONS not in group:
                    group[POSITIONS] = place_among_classes(manifest, task, probabilities)
            first = np.where(outside_task(store, manifest.tasks[0]), Status.OUTSIDE, Status.ANNOTATED)
            file["status"][...] = np.where(failed, Status.FAILED, first)
            write_sure(file, store, manifest)
            times = plan.timetables if plan.asked_for_times else kept_times(file, plan.timetables)
            write_ages(file, manifest, times)
            if _CONSTRAINED_BY in file.attrs:
                _constrain(file, store, manifest)
            file.attrs[LABELS_DIGEST] = labels_digest(store, manifest.tasks)


def _probabilities(target: Path, group: h5py.Group, failed: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The probabilities that the graph gave all images, float32 (N, K); NaN for failed ones."""
    shown = np.asarray(group["probabilities"][...], np.float32)
    hidden, withheld = np.isnan(shown).any(1) & ~failed, group[WITHHELD][...]
    if hidden.sum() != len(withheld):
        raise AnnotationsError(target, "lacks the probabilities of some images; add --restart", group.name)
    shown[hidden] = withheld
    return shown


def _constrain(file: h5py.File, store: Store, manifest: Manifest) -> None:
    for task in manifest.tasks:
        for name in ("constrained_class", "constrained_probability"):
            if name in file[task.name]:
                del file[task.name][name]
    write_constrained(file, store, manifest, str(file.attrs[_CONSTRAINED_BY]))
