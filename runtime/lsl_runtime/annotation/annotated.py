"""What became of a store's images, told from the finished annotations."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lsl_runtime.annotation.plan import Plan
from lsl_shared.files.annotations import Annotations, Status

__all__ = ["Annotated", "summary"]


@dataclass(frozen=True)
class Annotated:
    """What became of a store's images."""

    path: Path
    """The annotations file."""
    images: int
    counts: dict[str, int]
    """Images per class of the first task, in the order of its classes; an image counts for each of its terms."""
    failed: tuple[str, ...]
    """`id: reason` of each image that could not be read."""
    outside: int
    """Images known to lie in a coarse class without fine classes."""
    resumed: int
    """Images taken over from an earlier run."""
    seconds: float
    """What annotating the others took: reading, inference, writing and joining."""
    out_of_scope: int | None
    """Images that are unlike all that the model was trained on; None where it does not tell."""
    set_sizes: dict[int, int]
    """How many classes the prediction sets of annotated images hold: size → images."""


def summary(plan: Plan, resumed: int, began: float) -> Annotated:
    """What the finished annotations tell; `began` on the monotonic clock, `resumed` images of an earlier run."""
    task = plan.model.task
    with Annotations(plan.target) as done:
        terms = done.is_terms(task.name)
        given = done.chosen(task.name).sum(0) if terms else Counter(done.class_index(task.name).tolist())
        sizes = Counter[int]() if terms else Counter(done.prediction_set(task.name).sum(1).tolist())
        failed = np.flatnonzero(done.status == Status.FAILED)
        return Annotated(
            path=plan.target,
            images=len(done),
            counts={name: int(given[k]) for k, name in enumerate(task.classes)},
            failed=tuple(f"{done.ids[row]}: {done.errors[row]}" for row in failed),
            outside=int((done.status == Status.OUTSIDE).sum()),
            resumed=resumed,
            out_of_scope=int(done.out_of_scope().sum()) if done.has_scope else None,
            seconds=time.monotonic() - began,
            set_sizes={size: count for size, count in sorted(sizes.items()) if size},
        )
