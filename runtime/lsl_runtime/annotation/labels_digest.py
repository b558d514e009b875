"""Which labels annotations depend on, so that corrected ones are noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from lsl_shared.files.allowed_classes import coarse_in
from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store

__all__ = ["LABELS_DIGEST", "WITHHELD", "labels_digest"]

LABELS_DIGEST = "labels_digest"
"""The attribute of an annotations file that holds the digest."""
WITHHELD = "withheld"
"""The dataset of a task, float32 (M, K), of the probabilities of images outside it, in order; shown are NaN."""


def labels_digest(store: Store, tasks: Iterable[Task]) -> str:
    """SHA-256 over the labels of the coarse tasks above the model's tasks: they say which images lie outside."""
    digest, tasks = hashlib.sha256(), list(tasks)
    parents = {task.parent for task in tasks} & set(store.tasks)
    others = {one.name: one for task in tasks for one in coarse_in(store, task) if one.name not in parents}
    for name in (*sorted(parents), *sorted(others)):
        digest.update("\0".join([name, *store.tasks[name].classes, ""]).encode())
        digest.update(store.labels(name).astype("<i2").tobytes())
        if name in others:
            digest.update(repr((others[name].classes, others[name].allows)).encode())
    return digest.hexdigest()
