"""What the command lsl-gem does beside maps: lists of genes, and two classes held against each other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lsl_shared.process.terminal import progress, say

if TYPE_CHECKING:
    from lsl_runtime.gem.build.settings import Filter, Mode
    from lsl_runtime.gem.output_folder import OutputFolder
    from lsl_runtime.model.model import Model

__all__ = ["compare_two", "contrast_two", "listed"]


def listed(genes: str, known: set[str]) -> tuple[str, ...]:
    """The genes of a list; tells which of them are not `known`."""
    from lsl_runtime.gem.build.gene_list import read_gene_list, unknown_told

    found = read_gene_list(genes)
    if told := unknown_told(found, known):
        say(told)
    return found


def contrast_two(
    store: Path,
    annotations: Path | None,
    stages: tuple[str, str],
    model: Model | None,
    wanted: Filter,
    folder: OutputFolder,
) -> None:
    """Maps why the first class and not the second."""
    from lsl_runtime.gem.build.contrast import build_contrast
    from lsl_shared.files.store import Store

    with Store(store) as opened:
        images = len(opened)
    with progress("looking", images) as advance:
        found = build_contrast(store, *stages, model=model, annotations=annotations, wanted=wanted, on_progress=advance)
    for line in folder.write_contrast(found):
        say(line)


def compare_two(
    store: Path,
    annotations: Path | None,
    compared: tuple[str, str],
    stages: Sequence[str],
    wanted: Filter,
    mode: Mode,
    folder: OutputFolder,
) -> None:
    """Compares two maps and tells where they differ."""
    from lsl_runtime.gem.build.settings import MapSettings
    from lsl_runtime.gem.comparison.comparison import compare_sides
    from lsl_runtime.gem.comparison.sides import constraints_told, sides_of
    from lsl_shared.files.annotations import annotations_path
    from lsl_shared.files.store import Store

    sides = sides_of(compared, stages, annotations or annotations_path(store), wanted.genes)
    for line in constraints_told(store, sides) if wanted.constrained else ():
        say(line)
    with Store(store) as opened:
        images = len(opened)
    with progress("comparing", 2 * images) as advance:
        found = compare_sides(store, sides, wanted, MapSettings(masked=False, mode=mode), on_progress=advance)
    for line in folder.write_comparison(found):
        say(line)
