"""The rows of unequal.py: a line of a CSV for each training, and the table of differences."""

from __future__ import annotations

import csv
import fcntl
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

import numpy as np

__all__ = ["Job", "Row", "read", "table_lines", "write"]


@dataclass(frozen=True)
class Job:
    """A training to do."""

    store: str
    version: str
    labels: int
    """Fine labels a class, at most."""
    seed: int
    variant: str


@dataclass(frozen=True)
class Row:
    """What came of it."""

    job: Job
    accuracy: float
    """Test images weighted by the share of their class."""
    average: float
    """The mean of classes."""
    rare: float
    """The mean of the classes with a share of at most 0.3."""
    coarse: float
    within_one: float
    seconds: float
    device: str


def read(out: Path) -> list[Row]:
    """The rows in a folder."""
    path = out / "unequal.csv"
    if not path.exists():
        return []
    columns = (*fields(Job), *fields(Row)[1:])
    kinds = {column.name: {"int": int, "float": float}.get(str(column.type), str) for column in columns}
    with path.open(newline="", encoding="utf-8") as stream:
        found = [{name: kinds[name](value) for name, value in line.items()} for line in csv.DictReader(stream)]
    names = [field.name for field in fields(Job)]
    return [Row(Job(**{name: row.pop(name) for name in names}), **row) for row in found]


def write(out: Path, row: Row) -> None:
    """Appends a row, one process at a time, and prints it."""
    values = {**asdict(row.job), **{name: value for name, value in asdict(row).items() if name != "job"}}
    with (out / "unequal.csv").open("a", newline="", encoding="utf-8") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        writer = csv.DictWriter(stream, list(values))
        if not stream.tell():
            writer.writeheader()
        writer.writerow(values)
    print(" ".join(f"{name}={value}" for name, value in values.items()), flush=True)


def table_lines(rows: Sequence[Row]) -> Iterator[str]:
    """Coarse-constrained less feature-level in points, mean over seeds and each: a line for store, version, labels."""
    yield "| store | version | labels | seeds | feature-level | coarse-constrained | accuracy | mean of classes |"
    yield "|---|---|---|---|---|---|---|---|"
    found = {row.job: row for row in rows}
    kinds = dict.fromkeys((job.store, job.version, job.labels) for job in found)
    for store, version, labels in sorted(kinds):
        pairs = [
            (found[job], row)
            for row in rows
            if (row.job.store, row.job.version, row.job.labels) == (store, version, labels)
            and row.job.variant == "coarse-constrained"
            and (job := Job(store, version, labels, row.job.seed, "feature-level")) in found
        ]
        if not pairs:
            continue
        base, own = (_both([pair[k] for pair in pairs]) for k in (0, 1))
        gains = [_gains(pairs, name) for name in ("accuracy", "average")]
        yield f"| {store} | {version} | {labels} | {len(pairs)} | {base} | {own} | {gains[0]} | {gains[1]} |"


def _both(rows: Sequence[Row]) -> str:
    """Accuracy and mean of classes, over seeds."""
    return " / ".join(f"{100 * np.mean([getattr(row, name) for row in rows]):.1f}" for name in ("accuracy", "average"))


def _gains(pairs: Sequence[tuple[Row, Row]], name: str) -> str:
    """The mean difference in points, and each."""
    found = [100 * (getattr(second, name) - getattr(first, name)) for first, second in pairs]
    return f"{np.mean(found):+.1f} ({', '.join(f'{one:+.1f}' for one in found)})"
