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
    """What a standardization made: `images` in the store, of `photographs` in all."""

    store: Path
    photographs: int
    images: int
    size: tuple[int, int]
    rejects: tuple[Reject, ...]
    unreadable: int
    rejects_file: Path
    notes: tuple[str, ...] = ()


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
