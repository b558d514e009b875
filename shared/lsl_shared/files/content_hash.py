"""A hash of all that a store says, whatever its compression, chunks and file layout."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import Store
from lsl_shared.files.store_extras import TIME

__all__ = ["content_hash", "image_digests"]


def image_digests(images: NDArray[np.uint8]) -> list[bytes]:
    """SHA-256 of each image's pixels, uint8 (n, H, W, 3)."""
    return [hashlib.sha256(image.tobytes()).digest() for image in images]


def content_hash(store: Store, digests: Sequence[bytes]) -> str:
    """SHA-256 (hex) over the images' `digests`, the samples table, the tasks with their labels, the terms,
    and any truth."""
    total = hashlib.sha256(struct.pack("<3q", *store.shape))
    for digest in digests:
        total.update(digest)
    for column in (store.ids, store.genes, store.views, store.sources, store.splits):
        _add_texts(total, column)
    for name in sorted(store.tasks):
        space = store.tasks[name]
        _add_texts(total, [name, space.parent, *space.classes])
        total.update(np.asarray(space.parent_index, dtype="<i8").tobytes())
        total.update(store.labels(name).astype("<i8").tobytes())
        for coarse in store.further_coarse.get(name, ()):
            _add_texts(total, [coarse.name])
            total.update(coarse.matrix(len(space)).tobytes())
    for name, space in store.term_tasks.items():
        _add_texts(total, [name, *space.classes])
        total.update(store.terms(name).tobytes())
    for name in ("stage", "stage_range", "landmarks", "expression", TIME):
        _add_truth(total, store, name)
    return total.hexdigest()


def _add_texts(total: hashlib._Hash, texts: Sequence[str] | NDArray[np.object_]) -> None:
    for text in texts:
        encoded = text.encode()
        total.update(struct.pack("<q", len(encoded)) + encoded)


def _add_truth(total: hashlib._Hash, store: Store, name: str) -> None:
    if not store.has_truth(name):
        return
    truth, kind = store.truth_dataset(name), "<f4" if name == TIME else "<i2"
    total.update(name.encode())
    step = store.chunk_images
    for start in range(0, len(store), step):
        total.update(truth[start : start + step].astype(kind).tobytes())
