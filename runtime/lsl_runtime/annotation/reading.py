"""Reading ahead: the images of a store in order, the next chunks inflating while the last are worked on."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.store import Store

__all__ = ["READERS", "Block", "read_ahead"]

READERS = 2
"""Threads that inflate."""


@dataclass(frozen=True)
class Block:
    """The images of one chunk, or why they cannot be read."""

    rows: range
    pixels: NDArray[np.uint8]
    """(n, H, W, 3), zero where unreadable."""
    error: str = ""


def read_ahead(store: Store, cut: Sequence[range], images: int) -> Generator[Block, None, None]:
    """Yields the chunks of the partitions `cut` in order, about `images` images of them read ahead.

    A damaged chunk is yielded with its error; raises StoreError where the store itself is gone or was replaced.
    """
    ahead = max(READERS, -(-images // store.chunk_images)) + 1
    starts = (start for partition in cut for start in range(partition.start, partition.stop, store.chunk_images))
    waiting: deque[Future[Block]] = deque()
    with ThreadPoolExecutor(READERS, "reader") as pool:
        try:
            for start in starts:
                waiting.append(pool.submit(_read, store, start))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _read(store: Store, start: int) -> Block:
    rows = range(start, min(start + store.chunk_images, len(store)))
    try:
        return Block(rows, store.read_chunk(start))
    except StoreError as problem:
        store.check_reachable()
        return Block(rows, np.zeros((len(rows), *store.shape[1:], 3), dtype=np.uint8), str(problem))
