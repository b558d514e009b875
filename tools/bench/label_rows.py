"""The rows of label_efficiency.py: a line of a CSV for each training."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path

__all__ = ["METHODS", "Row", "missing", "read", "write"]

METHODS = ("plain", "data-level", "feature-level", "two-head", "contrastive", "coarse-constrained")


@dataclass(frozen=True)
class Row:
    """One training and its accuracies on the test images."""

    recipe: str
    method: str
    labels: int
    """Fine labels a class; 0 is all."""
    seed: int
    variant: str
    accuracy: float
    several: float
    """For images whose coarse class has several classes."""
    single: float
    """For the other images."""
    coarse: float
    """How often the answer lies in the right coarse class."""
    within_one: float
    """How often the answer is at most one class away."""
    constrained: float
    """As `several`, when answers keep to the true coarse class."""
    constrained_within_one: float
    seconds: float


def read(path: Path) -> list[Row]:
    """The rows of a CSV; none if it does not exist."""
    if not path.exists():
        return []
    kinds = {field.name: {"int": int, "float": float}.get(str(field.type), str) for field in fields(Row)}
    with path.open(newline="", encoding="utf-8") as stream:
        return [Row(**{name: kinds[name](value) for name, value in row.items()}) for row in csv.DictReader(stream)]


def missing(path: Path, recipe: str, labels: int, seed: int, methods: Sequence[str]) -> list[str]:
    """The methods that a CSV has no row of."""
    done = {row.method for row in read(path) if (row.recipe, row.labels, row.seed) == (recipe, labels, seed)}
    return [name for name in methods if name not in done]


def write(path: Path, row: Row) -> None:
    """Appends a row to a CSV, and prints it."""
    fresh = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [field.name for field in fields(Row)])
        if fresh:
            writer.writeheader()
        writer.writerow(asdict(row))
    print(" ".join(f"{name}={value}" for name, value in asdict(row).items() if value != ""), flush=True)
