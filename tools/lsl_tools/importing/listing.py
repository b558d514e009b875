"""What is to be imported: one Sample per image, the tasks, and what was already left out or noticed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from lsl_tools.importing.allows import Allows
from lsl_tools.importing.tasks import TaskSpec

__all__ = ["Listing", "Sample", "Skipped"]


@dataclass(frozen=True)
class Sample:
    """One image to import, its labels still as text: task → class, '' or absent where unlabelled."""

    path: Path
    source: str
    """The path below SOURCE, with '/'."""
    id: str
    place: str
    """Where its labels come from, for messages: "labels.csv: line 7" or the path."""
    gene: str = ""
    view: str = ""
    split: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    terms: tuple[str, ...] = ()
    """Terms of the vocabulary `cv_terms` that it carries; empty where not annotated."""
    line: int = 0
    """The line of a table that names it; 0 where none does."""


@dataclass(frozen=True)
class Skipped:
    """An image that was left out, and why."""

    source: str
    reason: str


@dataclass(frozen=True)
class Listing:
    """The samples in their order; `tasks` with coarse ones first.

    `size` (H, W) and `border` (RGB) are given where the layout fixes them, else found from the images. `once`: an image
    whose id or file content came before is the same photograph again. `allows` is what tables say of coarse tasks.
    """

    samples: tuple[Sample, ...]
    tasks: tuple[TaskSpec, ...] = ()
    notes: tuple[str, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    size: tuple[int, int] | None = None
    border: tuple[int, int, int] | None = None
    once: bool = False
    allows: Allows = field(default_factory=dict)
