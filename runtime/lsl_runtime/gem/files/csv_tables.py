"""Tables of genomewide expression maps for spreadsheets and data frames: genes by stage, and landmarks."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from lsl_runtime.gem.build.gem import Gem
from lsl_runtime.gem.build.landmarks import Landmark
from lsl_shared.files.atomic import atomic_path

__all__ = ["write_gene_table", "write_landmarks"]

_GENES = ["gene", "stage", "n_images", "mean", "peak", "peak_egg_length", "peak_dorsoventral", "peak_region"]
_LANDMARKS = [
    "stage", "landmark", "threshold", "area_percent", "egg_length", "dorsoventral", "mean", "egg_length_from",
    "egg_length_to", "p",
]  # fmt: skip


def write_gene_table(path: str | Path, gems: Sequence[Gem]) -> int:
    """Writes a CSV table of genes, one row a gene and class; its columns are those of `GeneExpression`.

    Args:
        path: The table.
        gems: Maps that were built with `per_gene`.

    Returns:
        The number of rows.

    Example:
        >>> from pathlib import Path
        >>> from lsl_runtime import build_gems, write_gene_table
        >>> gems = build_gems("store.h5", ["4", "9"], masked=False, per_gene=True)
        >>> write_gene_table("genes.csv", gems) == sum(len(gem.genes) for gem in gems)
        True
        >>> Path("genes.csv").read_text().splitlines()[0]
        'gene,stage,n_images,mean,peak,peak_egg_length,peak_dorsoventral,peak_region'
    """
    rows = [
        [one.gene, gem.stage, one.n_images, f"{one.mean:.5f}", f"{one.peak:.5f}",
         *((f"{one.peak_egg_length:.1f}", f"{one.peak_dorsoventral:.1f}") if one.region else ("", "")), one.region]
        for gem in gems for one in gem.genes
    ]  # fmt: skip
    _write(path, _GENES, sorted(rows, key=lambda row: str(row[0])))
    return len(rows)


def write_landmarks(path: str | Path, found: Iterable[Landmark]) -> None:
    """Writes a CSV table of landmarks, one row each; its columns are those of `Landmark`.

    Args:
        path: The table.
        found: The landmarks, of one map or several.

    Example:
        >>> from pathlib import Path
        >>> from lsl_runtime import build_gem, landmarks, write_landmarks
        >>> write_landmarks("landmarks.csv", landmarks(build_gem("store.h5", "9")))
        >>> Path("landmarks.csv").read_text().splitlines()[0]
        'stage,landmark,threshold,area_percent,egg_length,dorsoventral,mean,egg_length_from,egg_length_to,p'
    """
    _write(path, _LANDMARKS, [_row(one) for one in found])


def _row(one: Landmark) -> list[object]:
    tested = not math.isnan(one.p)
    return [
        one.stage, one.number, f"{one.threshold:.5f}", f"{one.area:.2f}", f"{one.egg_length:.1f}",
        f"{one.dorsoventral:.1f}", f"{one.mean:.4g}" if tested else f"{one.mean:.5f}",
        *("" if math.isnan(end) else f"{end:.1f}" for end in (one.first, one.last)), f"{one.p:.4f}" if tested else "",
    ]  # fmt: skip


def _write(path: str | Path, header: list[str], rows: Sequence[Sequence[object]]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(header)
        writer.writerows(rows)
