"""Stores made from other stores: the first images alone, or all of them again and again."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np

from lsl_shared import Store, StoreWriter

__all__ = ["enlarged", "first_images", "repeat_chunks"]


def first_images(source: Path, target: Path, images: int) -> Path:
    """A store of the first images of another, with their labels."""
    with Store(source) as store, StoreWriter(target, *store.shape[1:], compression=1) as writer:
        for row, image in enumerate(store.read(0, images)):
            writer.append(image, id=store.ids[row], gene=store.genes[row], view=store.views[row])
        for space in store.tasks.values():
            writer.add_task(space, store.labels(space.name)[:images])
    return target


def enlarged(source: Path, target: Path, images: int) -> Path:
    """A store of so many images, those of another again and again; without labels."""
    with h5py.File(source) as given, h5py.File(target, "w") as file:
        file.attrs.update(given.attrs)
        kept = given["images"]
        made = file.create_dataset("images", (images, *kept.shape[1:]), np.uint8, chunks=kept.chunks,
                                   compression="gzip", maxshape=kept.maxshape)  # fmt: skip
        repeat_chunks(kept, made)
        file.create_dataset("samples/id", data=[f"image{row:07d}" for row in range(images)], dtype=h5py.string_dtype())
        file.create_group("labels")
    return target


def repeat_chunks(source: h5py.Dataset, target: h5py.Dataset) -> None:
    """Fills `target` with the whole chunks of `source`, again and again, as they are: nothing is compressed anew."""
    rows, rest = source.chunks[0], [0] * (source.ndim - 1)
    whole = len(source) // rows
    for place, start in enumerate(range(0, len(target), rows)):
        mask, raw = source.id.read_direct_chunk((place % whole * rows, *rest))
        target.id.write_direct_chunk((start, *rest), raw, mask)
