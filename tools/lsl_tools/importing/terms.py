"""Terms of a controlled vocabulary as tables write them: `brain|nerve cord` in the column `cv_terms`."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import NOT_ANNOTATED
from lsl_shared.labels import LabelSpace
from lsl_shared.tables.damage import damage_of
from lsl_shared.tables.lines import told_lines
from lsl_shared.tables.missing import is_missing
from lsl_tools.importing.listing import Sample
from lsl_tools.importing.natural_order import natural_key
from lsl_tools.tables.faults import Fault
from lsl_tools.tables.label_columns import CURE

__all__ = ["TERMS", "TermCells", "joined_by_terms", "read_term_cells", "read_terms", "term_column", "term_space"]

TERMS = "cv_terms"
"""The column, and the task of kind terms that it becomes."""
_SEPARATOR = "|"


@dataclass(frozen=True)
class TermCells:
    """The terms of a column in the order of its cells, what to tell, and what is wrong."""

    terms: tuple[tuple[str, ...], ...]
    notes: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()


def read_terms(cell: str) -> tuple[str, ...]:
    """The terms of a cell, each once; none where nobody has annotated the image."""
    parts = (unicodedata.normalize("NFC", part.strip()) for part in cell.split(_SEPARATOR))
    return tuple(dict.fromkeys(term for term in parts if not is_missing(term)))


def read_term_cells(cells: Sequence[str], lines: Sequence[int]) -> TermCells:
    """The terms of a column; a term that a spreadsheet turned into a date is a fault."""
    read = {cell: read_terms(cell) for cell in set(cells)}
    missing = [line for cell, line in zip(cells, lines, strict=True) if cell and not read[cell]]
    notes = (f"{TERMS}: NA and the like are read as not annotated ({told_lines(missing)})",) if missing else ()
    turned = {term: damage.kind for terms in read.values() for term in terms if (damage := damage_of(term))}
    faults = tuple(
        Fault(line, f"{TERMS} {term!r} is {turned[term]}, made by a spreadsheet: {CURE}")
        for cell, line in zip(cells, lines, strict=True)
        for term in read[cell]
        if term in turned
    )
    return TermCells(tuple(read[cell] for cell in cells), notes, faults)


def joined_by_terms(samples: Sequence[Sample]) -> tuple[list[Sample], tuple[str, ...]]:
    """The samples with those that differ in their terms alone made one, and a note that says so."""
    joined: dict[tuple[str, ...], Sample] = {}
    for sample in samples:
        key = (sample.id, sample.source, sample.gene, sample.view, sample.split, *sample.labels.values())
        first = joined.get(key)
        terms = tuple(dict.fromkeys((*first.terms, *sample.terms))) if first else ()
        joined[key] = replace(first, terms=terms) if first else sample
    told = f"{TERMS}: {len(samples) - len(joined):,} row(s) were joined with another of the same image"
    return list(joined.values()), (told,) if len(joined) < len(samples) else ()


def term_space(samples: Sequence[Sample]) -> LabelSpace | None:
    """The terms that occur, in natural order; None without any."""
    found = sorted({term for sample in samples for term in sample.terms}, key=natural_key)
    return LabelSpace(TERMS, tuple(found)) if found else None


def term_column(samples: Sequence[Sample], space: LabelSpace) -> NDArray[np.uint8]:
    """The terms of each image, uint8 (N, T): 1 carried, 0 not, 255 throughout where it has none at all."""
    index = {term: place for place, term in enumerate(space.classes)}
    column = np.full((len(samples), len(space)), NOT_ANNOTATED, np.uint8)
    for row, sample in zip(column, samples, strict=True):
        if sample.terms:
            row[:] = 0
            row[[index[term] for term in sample.terms]] = 1
    return column
