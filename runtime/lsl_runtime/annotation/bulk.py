"""The bulk of annotations, maps and features: the same chunks in a part and in the whole, copied as they lie."""

from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.deflate_codec import deflated
from lsl_shared.files.store import Store

__all__ = ["EXPRESSION", "MAPS", "copy_bulk", "create_features", "create_maps", "rounded", "write_chunks"]

MAPS = ("saliency", "against")
"""The maps that may be kept of each image: what speaks for its class, and what speaks against it."""

EXPRESSION = "expression"
"""Stain density and embryo, kept as `lsl_shared.measures.stored_stain` tells."""

_FAST, _PACKED = 1, 3
"""How hard gzip works on maps, and on what was shuffled: features."""
_DROPPED = 13
"""Bits of a float32 that float16 has no room for."""


def create_maps(file: h5py.File, name: str, shape: tuple[int, ...], chunk_images: int) -> h5py.Dataset:
    """A dataset of maps uint8 (n, H, W), the same chunks and filters in a part and in the joined file."""
    return _create(file, name, shape, np.uint8, chunk_images)


def create_features(file: h5py.File, name: str, shape: tuple[int, ...], chunk_images: int) -> h5py.Dataset:
    """The dataset of features float32 (n, D), the same chunks and filters in a part and in the joined file."""
    return _create(file, name, shape, np.float32, chunk_images)


def rounded(features: NDArray[np.floating]) -> NDArray[np.float32]:
    """Features as float32, rounded to the 11 significant bits of float16, so that they take no more room than that."""
    bits = np.array(features, np.float32).view(np.uint32)
    half = np.uint32((1 << _DROPPED - 1) - 1)
    bits += half + ((bits >> np.uint32(_DROPPED)) & np.uint32(1))  # to the nearest, halves to the even one
    bits &= ~np.uint32((1 << _DROPPED) - 1)
    return bits.view(np.float32)


def write_chunks(dataset: h5py.Dataset, values: NDArray[Any], first: int = 0) -> None:
    """Writes rows from `first`, deflating outside HDF5's lock; the last chunk is filled up with zeros."""
    images = dataset.chunks[0]
    for start in range(0, len(values), images):
        chunk = np.zeros(dataset.chunks, values.dtype)
        block = values[start : start + images]
        chunk[: len(block)] = block
        raw = deflated(_shuffled(chunk), _PACKED) if dataset.shuffle else deflated(chunk.tobytes(), _FAST)
        dataset.id.write_direct_chunk((first + start, *(0,) * (values.ndim - 1)), raw)


def copy_bulk(file: h5py.File, part: h5py.File, partition: range, store: Store) -> None:
    """Copies maps and features of one part into the joined file, chunk by chunk, without inflating them."""
    held = set(part)
    for name, create in (*((name, create_maps) for name in (*MAPS, EXPRESSION)), ("features", create_features)):
        if name not in held:
            continue
        source = part[name]
        target = file[name] if name in file else create(file, name, (len(store), *source.shape[1:]), store.chunk_images)
        target.attrs.update(source.attrs)
        if source.dtype == target.dtype:
            _copy_chunks(source, target, partition)
        else:  # float16, as parts of version 2 have it
            write_chunks(target, rounded(source[...]), partition.start)
    for scale in (f"{name}_scale" for name in MAPS if f"{name}_scale" in held):
        if scale not in file:
            file.create_dataset(scale, (len(store),), np.float32)
        file[scale][partition.start : partition.stop] = part[scale][...]


def _copy_chunks(source: h5py.Dataset, target: h5py.Dataset, partition: range) -> None:
    inner = (0,) * (source.ndim - 1)
    for start in range(0, len(partition), source.chunks[0]):
        mask, raw = source.id.read_direct_chunk((start, *inner))
        target.id.write_direct_chunk((partition.start + start, *inner), raw, mask)


def _create(file: h5py.File, name: str, shape: tuple[int, ...], dtype: type, chunk_images: int) -> h5py.Dataset:
    shuffle = np.dtype(dtype).itemsize > 1
    longest = shape[0] if shape[0] >= chunk_images else None  # so that HDF5 takes a chunk beyond the last row
    return file.create_dataset(
        name, shape, dtype, maxshape=(longest, *shape[1:]), chunks=(chunk_images, *shape[1:]), compression="gzip",
        compression_opts=_PACKED if shuffle else _FAST, shuffle=shuffle,
    )  # fmt: skip


def _shuffled(chunk: NDArray[Any]) -> bytes:
    """What HDF5's filter shuffle makes of a chunk: the first bytes of all values, then the second ones, and so on."""
    values = chunk.reshape(-1).view(np.uint8).reshape(-1, chunk.itemsize)
    return b"".join(values[:, byte].tobytes() for byte in range(chunk.itemsize))
