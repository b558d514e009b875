"""Images with equal pixels and different labels: one of them is wrong for certain."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.content_hash import image_digests
from lsl_shared.files.store import Store

__all__ = ["differing", "equal_images"]


def equal_images(store: Store, rows: NDArray[np.int64], on_progress: Callable[[int], None]) -> list[NDArray[np.int64]]:
    """The sets of images with equal pixels among `rows` (n,); `on_progress` hears of the images of the store read."""
    wanted, places = np.isin(np.arange(len(store)), rows), defaultdict[bytes, list[int]](list)
    for start, block in store.blocks():
        inside = np.flatnonzero(wanted[start : start + len(block)])
        for row, digest in zip((start + inside).tolist(), image_digests(block[inside]), strict=True):
            places[digest].append(row)
        on_progress(len(block))
    return [np.array(found) for found in places.values() if len(found) > 1]


def differing(
    equal: list[NDArray[np.int64]], labels: Mapping[str, NDArray[np.int64]]
) -> dict[str, dict[int, tuple[int, ...]]]:
    """By task, for each image whose label differs from those of equal ones: these; `labels` are (N,) by task."""
    found: dict[str, dict[int, tuple[int, ...]]] = {}
    for task, column in labels.items():
        for rows in equal:
            for row in rows[column[rows] >= 0].tolist():
                others = rows[(column[rows] >= 0) & (column[rows] != column[row])]
                if len(others):
                    found.setdefault(task, {})[row] = tuple(others.tolist())
    return found
