"""Tables of genes: one row a gene, and one row a gene and stage; as CSV or Parquet."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from lsl_runtime.genes.study import GeneStudy, StudiedGene
from lsl_shared.errors import ConfigError
from lsl_shared.files.atomic import atomic_path

__all__ = ["check_parquet", "gene_columns", "stage_columns", "write_columns", "write_genes"]

Value = str | int | float | None


def write_genes(path: str | Path, study: GeneStudy, *, by_stage: bool = False) -> int:
    """Writes a table of genes as CSV, or as Parquet where the name ends so.

    A row a gene: gene, n_images, n_stages; expressed, how likely it is expressed at all; onset and end with the ends of
    their 90 % intervals, in `unit`; starts and ends, how likely they lie within the stages; where and at which stage
    the gene peaks. With `by_stage` a row a gene and stage: n_images, mean, share and strongest.

    Args:
        path: The table.
        study: The genes.
        by_stage: Whether to write a row for each gene and stage that has images.

    Returns:
        The number of rows.

    Raises:
        ConfigError: Parquet is asked for, and pyarrow is not installed.

    Example:
        >>> from pathlib import Path
        >>> from lsl_runtime import study_genes, write_genes
        >>> study = study_genes("store.h5")
        >>> write_genes("genes.csv", study) == len(study.genes)
        True
        >>> Path("genes.csv").read_text().splitlines()[0].split(",")[:5]
        ['gene', 'n_images', 'n_stages', 'expressed', 'onset']
    """
    columns = stage_columns(study) if by_stage else gene_columns(study)
    write_columns(path, columns)
    return len(columns["gene"])


def write_columns(path: str | Path, columns: Mapping[str, Sequence[Value]]) -> None:
    """Writes columns as CSV, or as Parquet where the name ends so; None is an empty cell."""
    write = _write_parquet if Path(path).suffix.lower() == ".parquet" else _write_csv
    write(path, columns)


def gene_columns(study: GeneStudy, extra: Mapping[str, Sequence[Value]] | None = None) -> dict[str, list[Value]]:
    """Column → a value for each gene, None where it has none; `extra` columns come last."""
    rows = [_gene_row(study, one) for one in study.genes]
    columns: dict[str, list[Value]] = {key: [row[key] for row in rows] for key in rows[0]}
    return columns | {name: list(values) for name, values in (extra or {}).items()}


def stage_columns(study: GeneStudy) -> dict[str, list[Value]]:
    """Column → a value for each gene and stage that has images."""
    atlas = study.atlas
    names = ("gene", "stage", "n_images", "mean", "share", "strongest")
    columns: dict[str, list[Value]] = {name: [] for name in names}
    for g, gene in enumerate(atlas.genes):
        for s, stage in enumerate(atlas.stages):
            if not atlas.n_images[s, g]:
                continue
            mean, share = (float(plane[s, g][atlas.inside].mean()) for plane in (atlas.mean, atlas.share))
            row = (gene, stage, int(atlas.n_images[s, g]), mean, share, _known(float(study.strongest[s, g])))
            for name, value in zip(names, row, strict=True):
                columns[name].append(value)
    return columns


def check_parquet() -> None:
    """Raises ConfigError where pyarrow is not installed."""
    try:
        import_module("pyarrow")
    except ImportError:
        raise ConfigError("a table in Parquet needs pyarrow: pip install 'lsl-toolkit[parquet]'") from None


def _gene_row(study: GeneStudy, one: StudiedGene) -> dict[str, Value]:
    return {
        "gene": one.gene, "n_images": one.n_images, "n_stages": one.n_stages, **_times(study, one),
        "unit": study.timetable.unit if study.timetable else None, "peak": one.peak.peak, "peak_stage": one.peak_stage,
        "peak_images": one.peak.n_images, "peak_egg_length": one.peak.peak_egg_length,
        "peak_dorsoventral": one.peak.peak_dorsoventral, "peak_region": one.peak.region or None,
    }  # fmt: skip


def _times(study: GeneStudy, one: StudiedGene) -> dict[str, Value]:
    """Onset and end in the timetable's unit; None where the gene is more likely not expressed."""
    found = one.window
    keys = ("onset", "onset_low", "onset_high", "end", "end_low", "end_high")
    if found is None:
        return dict.fromkeys(("expressed", *keys, "starts", "ends"))
    values: Sequence[Value] = [None] * 6
    if found.expressed >= 0.5:
        low, middle, high, first, end, last = study.ages((*found.onset, *found.end))
        values = middle, low, high, end, first, last
    times = dict(zip(keys, values, strict=True))
    return {"expressed": found.expressed, **times, "starts": found.starts, "ends": found.ends}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _cell(value: Value) -> str:
    return "" if value is None else f"{value:.4g}" if isinstance(value, float) else str(value)


def _write_csv(path: str | Path, columns: Mapping[str, Sequence[Value]]) -> None:
    with atomic_path(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for row in zip(*columns.values(), strict=True):
            writer.writerow(
                "" if value is None else f"{value:.4g}" if isinstance(value, float) else value for value in row
            )


def _write_parquet(path: str | Path, columns: Mapping[str, Sequence[Value]]) -> None:
    check_parquet()
    pyarrow: Any = import_module("pyarrow")
    parquet: Any = import_module("pyarrow.parquet")
    fields = [(name, _kind(pyarrow, values)) for name, values in columns.items()]
    with atomic_path(path) as temporary:
        parquet.write_table(pyarrow.table(dict(columns), schema=pyarrow.schema(fields)), temporary)


def _kind(pyarrow: Any, values: Sequence[Value]) -> Any:
    """The Parquet type of a column; a column without any value is of text."""
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int) for value in known):
        return pyarrow.int32()
    return pyarrow.float32() if known and not any(isinstance(value, str) for value in known) else pyarrow.string()
