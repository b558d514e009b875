"""Which labels annotations depend on, so that corrected ones are noticed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from lsl_shared.files.manifest import Task
from lsl_shared.files.store import Store

__all__ = ["LABELS_DIGEST", "WITHHELD", "labels_digest"]

LABELS_DIGEST = "labels_digest"
"""The attribute of an annotations file that holds the digest."""
WITHHELD = "withheld"
"""The dataset of a task, float32 (M, K), of the probabilities of images outside it, in order; shown are NaN."""


def labels_digest(store: Store, tasks: Iterable[Task]) -> str:
    """SHA-256 over the labels of the coarse tasks above the model's tasks: they say which images lie outside."""
    digest = hashlib.sha256()
    for parent in sorted({task.parent for task in tasks} & set(store.tasks)):
        digest.update("\0".join([parent, *store.tasks[parent].classes, ""]).encode())
        digest.update(store.labels(parent).astype("<i2").tobytes())
    return digest.hexdigest()
