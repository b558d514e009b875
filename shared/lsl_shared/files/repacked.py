"""Whether annotations are of a store: of its packed images, or of the same images packed in another way.

The fingerprint of a store is of packed bytes, which h5repack changes. So annotations note how the images were packed,
and a digest of some of their pixels. Where packing and fingerprint are others, ids and pixels decide. Where the packing
is the same and the fingerprint is not, images were changed.
"""

from __future__ import annotations

import hashlib
import struct

import numpy as np

from lsl_shared.errors import AnnotationsError, StoreError
from lsl_shared.files.annotations import Annotations
from lsl_shared.files.store import Store

__all__ = ["check_same_images", "is_of", "sample_digest"]

_SAMPLED = 64


def sample_digest(store: Store) -> str:
    """SHA-256 (hex) over the shape, the ids and the pixels of 64 evenly spaced images, however they are packed."""
    digest = hashlib.sha256(struct.pack("<3q", *store.shape))
    for block in store.id_texts.prefixed():
        digest.update(block)
    for row in np.unique(np.linspace(0, len(store) - 1, _SAMPLED).astype(np.int64)):
        digest.update(_pixels(store, int(row)))
    return digest.hexdigest()


def _pixels(store: Store, row: int) -> bytes:
    """The pixels of an image; none of one that cannot be read."""
    try:
        return store.read(row, row + 1).tobytes()
    except StoreError:
        return b""


def is_of(annotations: Annotations, store: Store) -> bool:
    """Whether annotations belong to the images of a store. Raises StoreError where these cannot be read."""
    if annotations.store_fingerprint == store.fingerprint():
        return len(annotations) == len(store)
    repacked = annotations.store_packing not in ("", store.packing)
    return repacked and annotations.store_sample == sample_digest(store)


def check_same_images(annotations: Annotations, store: Store, remedy: str) -> None:
    """Raises AnnotationsError, with the `remedy`, where annotations are of other images than those of a store."""
    if not is_of(annotations, store):
        raise AnnotationsError(annotations.path, f"{_why(annotations, store)}; {remedy}")


def _why(annotations: Annotations, store: Store) -> str:
    """Why annotations are not of a store."""
    path = store.path
    if len(annotations) != len(store) or (annotations.ids != store.ids).any():
        return f"belongs to another store than {path}"
    if annotations.store_packing:
        return f"belongs to another store than {path}, or images were changed since: the ids are the same"
    packed = "images were changed since, or h5repack packed them anew, which annotations of version 1 cannot tell"
    return f"belongs to another store than {path}: the ids are the same, but {packed}"
