"""The images of a store in batches of one size; the next chunks inflate while the last are worked on."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.store import Store
from lsl_shared.process.in_order import in_order

__all__ = ["READERS", "Batch", "Chunk", "in_batches", "read_ahead"]

READERS = 2
"""Threads that inflate, where the processor runs the graphs as well."""


@dataclass(frozen=True)
class Chunk:
    """The images of one chunk, or why they cannot be read."""

    rows: range
    pixels: NDArray[np.uint8]
    """(n, H, W, 3), zero where unreadable."""
    error: str = ""


@dataclass(frozen=True)
class Batch:
    """Images that go through the network at once, all of one partition."""

    pixels: NDArray[np.uint8]
    """(batch size, H, W, 3), filled up with zeros."""
    errors: list[str]
    """Why each image that is really there cannot be read, '' where it can."""


def read_ahead(
    store: Store, partitions: Sequence[range], images: int, readers: int = READERS
) -> Generator[Chunk, None, None]:
    """Yields the chunks of these partitions in order, about `images` images of them read ahead by `readers` threads.

    A damaged chunk is yielded with its error; raises StoreError where the store itself is gone or was replaced.
    """
    ahead = max(readers, -(-images // store.chunk_images)) + 1
    starts = (start for partition in partitions for start in range(partition.start, partition.stop, store.chunk_images))

    def begin(start: int) -> Future[Chunk]:
        return pool.submit(_read, store, start)

    with ThreadPoolExecutor(readers, "reader") as pool, closing(in_order(begin, starts, lambda: ahead)) as chunks:
        for _, chunk in chunks:
            yield chunk


def in_batches(chunks: Iterator[Chunk], partitions: Sequence[range], batch_size: int) -> Iterator[Batch]:
    """Yields the chunks of these partitions in batches of `batch_size`, the last one of a partition filled up.

    So an answer never depends on where a run was interrupted, and the graphs never see another shape. Batches that lie
    within one chunk are not copied.
    """
    for partition in partitions:
        yield from _batches(chunks, len(partition), batch_size)


def _batches(chunks: Iterator[Chunk], images: int, batch_size: int) -> Iterator[Batch]:
    """Yields the batches of one partition of so many images."""
    pixels: NDArray[np.uint8] | None = None
    errors: list[str] = []
    while images:
        chunk = next(chunks)
        images -= len(chunk.rows)
        for start in _cuts(len(chunk.rows), batch_size - len(errors), batch_size):
            taken = chunk.pixels[start : start + batch_size - len(errors)]
            if len(taken) == batch_size:
                yield Batch(taken, [chunk.error] * batch_size)
                continue
            if pixels is None:
                pixels = np.zeros((batch_size, *taken.shape[1:]), dtype=np.uint8)
            pixels[len(errors) : len(errors) + len(taken)] = taken
            errors += [chunk.error] * len(taken)
            if len(errors) == batch_size:
                yield Batch(pixels, errors)
                pixels, errors = None, []
    if pixels is not None:
        yield Batch(pixels, errors)


def _cuts(images: int, first: int, step: int) -> Iterator[int]:
    """Where a chunk is cut: after `first` images, then every `step`."""
    yield 0
    yield from range(first, images, step)


def _read(store: Store, start: int) -> Chunk:
    rows = range(start, min(start + store.chunk_images, len(store)))
    try:
        return Chunk(rows, store.read_chunk(start))
    except StoreError as problem:
        store.check_reachable()
        return Chunk(rows, np.zeros((len(rows), *store.shape[1:], 3), dtype=np.uint8), str(problem))
