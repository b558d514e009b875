"""Stores made from other stores: the first images alone, or all of them again and again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np

from lsl_shared import Store, StoreWriter

__all__ = ["enlarged", "first_images", "repeated"]


def first_images(source: Path, target: Path, images: int) -> Path:
    """A store of the first images of another, with their labels."""
    with Store(source) as store, StoreWriter(target, *store.shape[1:], compression=1) as writer:
        for row, image in enumerate(store.read(0, images)):
            writer.append(image, id=store.ids[row], gene=store.genes[row], view=store.views[row])
        for space in store.tasks.values():
            writer.add_task(space, store.labels(space.name)[:images], store.further_coarse.get(space.name, ()))
    return target


def enlarged(source: Path, target: Path, images: int) -> Path:
    """A store of so many images, those of another again and again; without labels."""
    with h5py.File(source) as given, h5py.File(target, "w") as file:
        file.attrs.update(given.attrs)
        kept = given["images"]
        made = file.create_dataset("images", (images, *kept.shape[1:]), np.uint8, chunks=kept.chunks,
                                   compression="gzip", maxshape=kept.maxshape)  # fmt: skip
        _repeat_chunks(kept, made)
        file.create_dataset("samples/id", data=[f"image{row:07d}" for row in range(images)], dtype=h5py.string_dtype())
        file.create_group("labels")
    return target


def _repeat_chunks(source: h5py.Dataset, target: h5py.Dataset) -> None:
    """Fills `target` with the whole chunks of `source`, again and again, as they are: nothing is compressed anew."""
    rows, rest = source.chunks[0], [0] * (source.ndim - 1)
    whole = len(source) // rows
    for place, start in enumerate(range(0, len(target), rows)):
        mask, raw = source.id.read_direct_chunk((place % whole * rows, *rest))
        target.id.write_direct_chunk((start, *rest), raw, mask)


def repeated(store: Path, annotations: Path, folder: Path, times: int) -> tuple[Path, Path]:
    """Store and annotations of the same images `times` over, with ids of their own; chunks are copied as they are."""
    paths = (folder / "store.h5", folder / "store.annotations.h5")
    for source, path in zip((store, annotations), paths, strict=True):
        with h5py.File(source) as old, h5py.File(path, "w") as new:
            new.attrs.update(old.attrs)
            old.visititems(lambda name, item, new=new: _repeat(name, item, new, times))
    with Store(paths[0]) as made, h5py.File(paths[1], "r+") as file:
        file.attrs["store_fingerprint"] = made.fingerprint()
    return paths


def _repeat(name: str, item: Any, new: h5py.File, times: int) -> None:
    if not isinstance(item, h5py.Dataset):
        new.require_group(name).attrs.update(item.attrs)
        return
    if name.startswith("truth/"):
        return
    whole = item.shape[0] // item.chunks[0] * item.chunks[0] if item.chunks and item.ndim > 2 else item.shape[0]
    if item.ndim > 2:
        made = new.create_dataset(
            name, (whole * times, *item.shape[1:]), item.dtype, chunks=item.chunks, compression="gzip"
        )
        _repeat_chunks(item, made)
    else:
        limit = _kept_rows(item)
        if name.endswith("_names"):
            limit, times = len(item), 1
        if name.endswith("withheld"):  # of the images without an answer alone
            limit = int((item.parent["class"][:limit] < 0).sum())
        values = np.concatenate([item[:limit]] * times)
        if name in ("id", "samples/id"):
            values = np.array([f"{k}-{value.decode()}" for k, value in enumerate(values)], dtype=object)
        kind = h5py.string_dtype() if values.dtype == object else item.dtype  # longer ids than before
        new.create_dataset(name, data=values, dtype=kind).attrs.update(item.attrs)


def _kept_rows(item: h5py.Dataset) -> int:
    """The number of images that are repeated: those in whole chunks."""
    file = item.file
    images = file["images"] if "images" in file else file["saliency"]
    return int(images.shape[0] // images.chunks[0] * images.chunks[0])
