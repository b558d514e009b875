"""The fingerprint of a store: changes when its images or ids do, and costs about a second at 100 GB."""

from __future__ import annotations

import hashlib
import struct

import h5py
import numpy as np

from lsl_shared.files.text_column import TextColumn

__all__ = ["fingerprint"]

_SAMPLED_CHUNKS = 64


def fingerprint(images: h5py.Dataset, ids: TextColumn) -> str:
    """SHA-256 (hex) over the shape, the ids, every chunk's (offset, stored size, filter mask) and 64 chunks' raw bytes.

    The offsets are those of the images, not of the file, so copying or repacking a store keeps its fingerprint.
    """
    digest = hashlib.sha256(struct.pack("<4q", *images.shape))
    for block in ids.prefixed():
        digest.update(block)
    chunks: list[tuple[int, int, int]] = []
    images.id.chunk_iter(lambda info: chunks.append((info.chunk_offset[0], info.size, info.filter_mask)))
    chunks.sort()
    digest.update(np.asarray(chunks, dtype="<i8").tobytes())
    for place in np.unique(np.linspace(0, len(chunks) - 1, _SAMPLED_CHUNKS).astype(int)) if chunks else ():
        digest.update(images.id.read_direct_chunk((chunks[place][0], 0, 0, 0))[1])
    return digest.hexdigest()
