"""labels.csv and failed.csv of a folder of fetched photographs: what `import` and `standardize` read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from lsl_shared.files.atomic import write_text
from lsl_tools.fetching.annotations import Terms, terms_of
from lsl_tools.fetching.image_list import ListedImage
from lsl_tools.fetching.ledger import Entry

__all__ = ["FAILED", "LABELS", "write_failed", "write_labels"]

LABELS: Final = "labels.csv"
FAILED: Final = "failed.csv"
_COLUMNS: Final = ("file", "id", "gene", "view", "stage_range", "cg", "fbgn", "sha256")


def write_labels(folder: Path, fetched: Iterable[tuple[ListedImage, Entry]], terms: Terms | None = None) -> Path:
    """Writes labels.csv, a row for each photograph; `terms` fill the column cv_terms, '|' between them, '' if none."""
    rows: list[tuple[str, ...]] = [_COLUMNS if terms is None else (*_COLUMNS, "cv_terms")]
    for image, entry in fetched:
        row = (entry.file, image.id, image.gene, image.view, image.stage_range, image.cg, image.fbgn, entry.sha256)
        rows.append(row if terms is None else (*row, "|".join(sorted(_bare(terms_of(image, terms))))))
    return _write(folder / LABELS, rows)


def write_failed(folder: Path, failed: Iterable[tuple[ListedImage, str]]) -> Path:
    """Writes failed.csv: the photographs that were not to be had, and why."""
    return _write(folder / FAILED, [("id", "path", "reason"), *((image.id, image.path, why) for image, why in failed)])


def _bare(terms: Iterable[str]) -> set[str]:
    return {term.replace("|", "/") for term in terms}


def _write(path: Path, rows: Iterable[tuple[str, ...]]) -> Path:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    write_text(path, text.getvalue())
    return path
