"""The level that is sure, for every image of finished annotations: from prediction sets and known coarse labels."""

from __future__ import annotations

import h5py
import numpy as np

from lsl_shared.files.allowed_classes import all_coarse, allowed_in
from lsl_shared.files.manifest import Manifest
from lsl_shared.files.store import Store
from lsl_shared.files.texts import write_texts
from lsl_shared.measures.sure import answer_names, level_names, sure_answers

__all__ = ["write_sure"]

_NAMES = ("possible", "level", "answer", "level_names", "answer_names")


def write_sure(file: h5py.File, store: Store, manifest: Manifest) -> None:
    """Writes what is sure of the images of `store`, anew where it stands, into annotations that hold prediction sets.

    Known labels count: what they do not allow is not possible.
    """
    for task in manifest.tasks:
        if task.kind == "terms":
            continue
        group, coarse = file[task.name], all_coarse(store, task)
        for name in _NAMES:
            if name in group:
                del group[name]
        sets = np.asarray(group["prediction_set"][...], dtype=np.bool_)
        promised = task.conformal_threshold is not None
        found = sure_answers(sets, coarse, allowed_in(store, task).classes, promised)
        group.attrs["coverage"] = task.coverage if promised else np.nan
        group["level"], group["answer"] = found.level, found.answer
        group.create_dataset("possible", data=found.sets.astype(np.uint8))
        write_texts(group, "level_names", level_names(task.name, coarse))
        write_texts(group, "answer_names", answer_names(task.classes, coarse))
