"""The expression terms of the BDGP: insitu_annot.csv, rows of symbol, annotation symbol, FBgn, stage code and term."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from lsl_shared.errors import DataFileError
from lsl_shared.tables.damage import whole_number
from lsl_tools.fetching.image_list import ListedImage, read_rows
from lsl_tools.importing.fly_labels import RANGE_OF_CODE

__all__ = ["Terms", "read_terms", "terms_of"]

Terms = Mapping[tuple[str, str], frozenset[str]]
"""(FBgn, annotation symbol or symbol; stage range) → the terms of that bag of photographs, never empty."""
_CELLS: Final = 5


def read_terms(path: str | Path) -> tuple[Terms, tuple[str, ...]]:
    """The terms of every gene and stage range, under each of the gene's names, and what was left out and why.

    Raises DataFileError where the file cannot be read or holds no usable row.
    """
    found: dict[tuple[str, str], set[str]] = defaultdict(set)
    problems = []
    for line, row in read_rows(path, _CELLS):
        if len(row) != _CELLS or (whole_number(row[3]) or row[3]) not in RANGE_OF_CODE or not row[4]:
            problems.append(f"{Path(path).name}: line {line}: expected gene names, a stage code 1 to 6 and a term")
            continue
        symbol, cg, fbgn, code, term = row
        for name in {symbol, cg, fbgn} - {""}:
            found[name, RANGE_OF_CODE[whole_number(code) or code]].add(term)
    if not found:
        raise DataFileError(path, f"holds no annotation; expected {_CELLS} cells a row, without a header")
    return {key: frozenset(terms) for key, terms in found.items()}, tuple(problems)


def terms_of(image: ListedImage, terms: Terms) -> frozenset[str]:
    """The terms that apply to a photograph: those of its gene and range; empty where nobody annotated them."""
    names = (image.fbgn, image.cg, image.gene)
    return next((terms[name, image.stage_range] for name in names if (name, image.stage_range) in terms), frozenset())
