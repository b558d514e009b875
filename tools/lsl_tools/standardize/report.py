"""What a standardization made, what it set aside and why; the table of rejects."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path

from lsl_shared.files.atomic import write_text

__all__ = ["Reject", "StandardizeReport", "rejects_path", "write_rejects"]

_COLUMNS = ("file", "id", "gene", "reasons", "kept")


@dataclass(frozen=True)
class Reject:
    """A photograph with flags, or one that could not be read; `kept` where it is in the store all the same."""

    source: str
    id: str
    gene: str
    reasons: tuple[str, ...]
    kept: bool = False


@dataclass(frozen=True)
class StandardizeReport:
    """What a standardization made, and what it set aside."""

    store: Path
    photographs: int
    """All that were worked on."""
    images: int
    """Those that are in the store."""
    size: tuple[int, int]
    """(H, W) of the store's images, in pixels."""
    rejects: tuple[Reject, ...]
    """The photographs with flags, and those that could not be read."""
    unreadable: int
    """How many could not be read."""
    rejects_file: Path
    """The table of the rejects; a page with thumbnails lies beside it."""
    notes: tuple[str, ...] = ()
    """What was noticed in the listing."""


def rejects_path(store: Path) -> Path:
    """Where the rejects of a store are listed: `store.rejects.csv` beside it."""
    return store.with_name(f"{store.stem}.rejects.csv")


def write_rejects(path: Path, rejects: tuple[Reject, ...]) -> None:
    """Writes the rejects as a CSV: file, id, gene, reasons (separated by ';'), kept (yes or no)."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(_COLUMNS)
    for reject in rejects:
        kept = "yes" if reject.kept else "no"
        writer.writerow([reject.source, reject.id, reject.gene, "; ".join(reject.reasons), kept])
    write_text(path, text.getvalue())
