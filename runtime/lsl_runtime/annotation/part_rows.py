"""What a part says of its images, and what several parts say that follow each other.

Parts are many and small. h5py's own ease costs more than the numbers in them, so they are read through its lower level.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import h5py
import numpy as np
from numpy.typing import NDArray

__all__ = ["FAILED", "PartRows", "read_rows", "together"]

FAILED = "failed"
"""The attribute of a part that counts its images without an answer; parts of earlier versions have none."""


@dataclass(frozen=True)
class PartRows:
    """What is said of the images `rows`."""

    rows: range
    errors: dict[int, str]
    """Why an image has no answer, by its row in the store."""
    values: dict[str, NDArray[np.float32]]
    """By the names of the part's datasets, (n, …)."""


def read_rows(partition: range, part: h5py.File, names: Iterable[str]) -> PartRows:
    """What the part of a partition says, of its datasets `names`; those that it lacks are left out."""
    errors: dict[int, str] = {}
    if part.attrs.get(FAILED, 1):
        errors = {partition.start + place: text for place, text in enumerate(part["error"].asstr()[...]) if text}
    values = {name: _values(part, name) for name in names if part.id.links.exists(name.split("/")[0].encode())}
    return PartRows(partition, errors, values)


def together(parts: list[PartRows]) -> PartRows:
    """What parts that follow each other say; a dataset that one of them lacks is left out."""
    errors = {row: text for part in parts for row, text in part.errors.items()}
    names = [name for name in parts[0].values if all(name in part.values for part in parts)]
    values = {name: np.concatenate([part.values[name] for part in parts]) for name in names}
    return PartRows(range(parts[0].rows.start, parts[-1].rows.stop), errors, values)


def _values(part: h5py.File, name: str) -> NDArray[np.float32]:
    dataset = h5py.h5d.open(part.id, name.encode())
    values = np.empty(dataset.shape, np.float32)
    dataset.read(h5py.h5s.ALL, h5py.h5s.ALL, values)
    return values
