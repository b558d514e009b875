"""What an import made and what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.labels import LabelSpace
from lsl_tools.importing.listing import Skipped

__all__ = ["ImportReport", "class_counts"]


def class_counts(labels: NDArray[np.int16], space: LabelSpace) -> tuple[int, ...]:
    """Images per class, in class order; `labels` are int16 (N,), −1 = unlabelled."""
    return tuple(int(count) for count in np.bincount(labels[labels >= 0], minlength=len(space)))


@dataclass(frozen=True)
class ImportReport:
    """What an import made, and what it left out."""

    store: Path
    images: int
    """Those that are in the store."""
    size: tuple[int, int]
    """(H, W) of the store's images, in pixels."""
    resized: int
    """Images that were scaled or padded to that size; the others are as they were, byte for byte."""
    tasks: dict[str, LabelSpace]
    """Name → classes, coarse tasks first."""
    counts: dict[str, tuple[int, ...]]
    """Images per class, in class order, for each task."""
    genes: int
    """How many genes there are."""
    views: dict[str, int]
    """Images per view, '' where not stated."""
    splits: dict[str, int]
    """Images per part of the split, '' where not stated."""
    skipped: tuple[Skipped, ...] = ()
    """Pictures that could not be read, and why."""
    repeated: tuple[str, ...] = ()
    """Images left out because the same photograph came before."""
    contradictory: tuple[str, ...] = ()
    """Repeated photographs whose labels or gene differ from the one that was kept."""
    notes: tuple[str, ...] = ()
    """What was noticed."""
    several: tuple[str, ...] = ()
    """The fine tasks that have coarse tasks beside a parent."""
