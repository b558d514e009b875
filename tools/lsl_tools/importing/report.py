"""What an import made and what it left out."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lsl_shared.labels import LabelSpace
from lsl_tools.importing.listing import Skipped

__all__ = ["ImportReport"]


@dataclass(frozen=True)
class ImportReport:
    """What an import made. `counts`: images per class, in class order, for each task."""

    store: Path
    images: int
    size: tuple[int, int]
    """(H, W) of the store's images."""
    resized: int
    """Images that were scaled or padded to that size; the others are as they were, byte for byte."""
    tasks: dict[str, LabelSpace]
    counts: dict[str, tuple[int, ...]]
    genes: int
    views: dict[str, int]
    splits: dict[str, int]
    skipped: tuple[Skipped, ...] = ()
    repeated: tuple[str, ...] = ()
    """Images left out because the same photograph came before."""
    contradictory: tuple[str, ...] = ()
    """Repeated photographs whose labels or gene differ from the one that was kept."""
    notes: tuple[str, ...] = ()
