"""Images and labels from a table: columns `file`; if you like `id`, `gene`, `view`, `split`, `cv_terms`, one a task."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from pathlib import Path
from types import MappingProxyType

from lsl_shared.files.store import SPLITS
from lsl_shared.tables.gene_names import read_genes
from lsl_shared.tables.missing import is_missing
from lsl_tools.importing.allows import Allows
from lsl_tools.importing.file_column import FileColumn, read_files
from lsl_tools.importing.id_column import IdColumn, read_ids
from lsl_tools.importing.listing import Listing, Sample
from lsl_tools.importing.spaces import are_fly, with_labels_read
from lsl_tools.importing.tasks import FLY_TASKS, TaskSpec
from lsl_tools.importing.terms import TERMS, TermCells, joined_by_terms, read_term_cells
from lsl_tools.tables.faults import Fault
from lsl_tools.tables.label_columns import LabelColumn, known_labels, undamaged_labels
from lsl_tools.tables.table import Table
from lsl_tools.tables.views import read_views

__all__ = ["list_table"]

_NOT_LABELS = ("file", "id", "gene", "view", "split", TERMS)


def list_table(
    table: Table, root: Path, tasks: Sequence[TaskSpec] = (), allows: Allows = MappingProxyType({})
) -> Listing:
    """The images that a table names, paths below `root`. Without `tasks`, columns stage_range and stage are taken.

    Rows of an image that differ in `cv_terms` alone are one. Raises DataFileError that tells all that is wrong: missing
    columns, repeated ids, paths that leave `root`, unknown splits, labels that cannot be read or contradict each other.
    """
    chosen = _chosen(table, tasks)
    read = _Columns(table, root, chosen)
    samples, joined = joined_by_terms(read.samples()) if TERMS in table.columns else (read.samples(), ())
    without = () if chosen else (_no_labels(table),)
    listing = Listing(tuple(samples), chosen, (*table.notes, *read.notes, *joined, *without), allows=allows)
    _refuse(table, listing, [*read.faults, *_repeated(samples, read.lines_with_id())])
    return listing


class _Columns:
    """The columns of a table as read, with what to tell and what is wrong."""

    def __init__(self, table: Table, root: Path, tasks: Sequence[TaskSpec]) -> None:
        self._name, self._lines, self._root = table.path.name, table.lines, root
        self._labels = _label_columns(table, tasks)
        self._files = read_files(table.column("file"), table.lines, root)
        self._ids = read_ids(table.column("id"), table.lines)
        self._terms = read_term_cells(table.column(TERMS), table.lines)
        self._genes = read_genes(table.column("gene"), table.lines)
        self._views, odd_views = read_views(table.column("view"), table.lines)
        self._splits, bad_splits = _splits(table)
        read: list[FileColumn | IdColumn | TermCells | LabelColumn]
        read = [self._files, self._ids, self._terms, *self._labels.values()]
        self.notes = [*self._genes.notes, *odd_views, *(note for column in read for note in column.notes)]
        self.faults = [*bad_splits, *(fault for column in read for fault in column.faults)]

    def lines_with_id(self) -> set[int]:
        """The lines that give the image an id."""
        return {line for line, name in zip(self._lines, self._ids.ids, strict=True) if name}

    def samples(self) -> list[Sample]:
        """One sample a row; rows of the same labels share them."""
        tasks, labels = tuple(self._labels), [column.labels for column in self._labels.values()]
        together = list(zip(*labels, strict=True)) or [()] * len(self._lines)
        shared = {known: dict(zip(tasks, known, strict=True)) for known in set(together)}
        rows = zip(
            self._lines, self._files.sources, self._files.written, self._ids.ids, self._genes.genes, self._views,
            self._splits, self._terms.terms, together, strict=True,
        )  # fmt: skip
        return [
            Sample(
                path=self._root / source,
                source=source,
                id=name or written,
                place=f"{self._name}: line {line}",
                gene=gene,
                view=view,
                split=split,
                labels=shared[known],
                terms=terms,
                line=line,
            )
            for line, source, written, name, gene, view, split, terms, known in rows
        ]


def _chosen(table: Table, tasks: Sequence[TaskSpec]) -> tuple[TaskSpec, ...]:
    """The tasks asked for, else the fly's that the table has. Raises DataFileError for one without a column."""
    chosen = tuple(tasks) or tuple(spec for spec in FLY_TASKS if spec.name in table.columns)
    known = {spec.name: spec for spec in FLY_TASKS}
    for spec in chosen:
        if spec.name not in table.columns and not (known.get(spec.name) == spec and "stage" in table.columns):
            raise table.problem(f"has no column {spec.name!r} for a task; its columns: {', '.join(table.columns)}")
    return chosen


def _no_labels(table: Table) -> str:
    labels = [name for name in table.columns if name and name not in _NOT_LABELS]
    named = f"--task COLUMN takes one of {', '.join(labels)}" if labels else "the table has no further column"
    return f"no labels were taken; {named}"


def _label_columns(table: Table, tasks: Sequence[TaskSpec]) -> dict[str, LabelColumn]:
    """The columns of the tasks; stages and ranges of the fly are read later, where a date can be brought back."""
    columns = {spec.name: known_labels(spec.name, table.column(spec.name), table.lines) for spec in tasks}
    fly = {name: columns[name].labels if name in columns else () for name in ("stage", "stage_range")}
    later = set(fly) if are_fly(tasks, fly) else set()
    return {
        name: column if name in later else undamaged_labels(column, table.percentages)
        for name, column in columns.items()
    }


def _splits(table: Table) -> tuple[tuple[str, ...], list[Fault]]:
    cells = tuple("" if is_missing(cell) else cell for cell in table.column("split"))
    faults = [
        Fault(line, f"split {cell!r}: expected train, calibration, test or nothing")
        for cell, line in zip(cells, table.lines, strict=True)
        if cell not in SPLITS
    ]
    return cells, faults


def _repeated(samples: Sequence[Sample], with_id: Set[int]) -> Iterator[Fault]:
    """Ids that were given before; `with_id` are the lines that name one."""
    first: dict[str, int] = {}
    for sample in samples:
        if first.setdefault(sample.id, sample.line) != sample.line:
            own = "give every row its own id"
            cure = own if sample.line in with_id else "remove one row, or add a column `id`"
            yield Fault(sample.line, f"id {sample.id!r} was given in line {first[sample.id]} before: {cure}")


def _refuse(table: Table, listing: Listing, faults: Sequence[Fault]) -> None:
    """Raises DataFileError where something is wrong, together with what is wrong with the labels."""
    if faults:
        _, of_labels = with_labels_read(listing)
        table.refuse([*faults, *(Fault(sample.line, text) for sample, text in of_labels)])
