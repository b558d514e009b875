"""Names of genes as tables hold them, and what spreadsheets made of some: dec-1 becomes 1-Dec, Sep2 becomes 2-Sep."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from lsl_shared.tables.damage import Damage, damage_of, whole_number
from lsl_shared.tables.dates import is_serial
from lsl_shared.tables.lines import told_lines
from lsl_shared.tables.missing import is_missing_gene
from lsl_shared.wording import first_few

__all__ = ["GeneColumn", "read_genes", "turned_genes"]

_DATES: Final = {
    (1, 12): "dec-1", (1, 9): "Sep1", (2, 9): "Sep2", (4, 9): "Sep4", (5, 9): "Sep5", (1, 3): "mar-1", (1, 2): "Feb-1",
}  # fmt: skip
"""Symbols of the fly by the date that they turn into."""
_SMALL: Final = {"nan": "nanchung", "na": "narrow abdomen"}


@dataclass(frozen=True)
class GeneColumn:
    """Genes in the order of their cells, '' where none is known; `notes` tell what a user should look at."""

    genes: tuple[str, ...]
    notes: tuple[str, ...] = ()


def read_genes(cells: Sequence[str], lines: Sequence[int]) -> GeneColumn:
    """The genes of a column; `lines` are those of its cells, for the notes."""
    known = {cell: _gene(cell) for cell in set(cells)}
    places: dict[str, list[int]] = {}
    for cell, line in zip(cells, lines, strict=True):
        if cell:
            places.setdefault(cell, []).append(line)
    notes = (*_missing(places), *_small(places), *_turned(places))
    return GeneColumn(tuple(known[cell] for cell in cells), notes)


def _gene(cell: str) -> str:
    """The name in one Unicode form; a number with gaps in its column comes as a float, 31208.0."""
    return "" if is_missing_gene(cell) else whole_number(cell) or unicodedata.normalize("NFC", cell)


def _missing(places: dict[str, list[int]]) -> list[str]:
    found = [cell for cell in places if is_missing_gene(cell)]
    told = f"gene: {first_few(found)} is read as not known ({_lines(places, found)})"
    return [told] if found else []


def _small(places: dict[str, list[int]]) -> list[str]:
    return [
        f"gene {cell!r} is read as {name} ({told_lines(places[cell])}): leave the cell empty where none is known"
        for cell, name in _SMALL.items()
        if cell in places
    ]


def turned_genes(names: Iterable[str], beside: Collection[str]) -> str:
    """Names that are dates or the like, and what was written if that is known: "1-Dec (dec-1)"; '' without any.

    Serial numbers count unless most of the genes `beside` them are numbers, as those of Entrez are.
    """
    damaged = _damaged(beside)
    return first_few(f"{name}{_meant(damaged[name])}" for name in names if name in damaged)


def _turned(places: dict[str, list[int]]) -> list[str]:
    turned = _damaged(places)
    told = first_few(f"{name}{_meant(damage)}" for name, damage in turned.items())
    cure = "format the column as text and write the symbols again"
    return [f"gene: a spreadsheet has turned {told} ({_lines(places, turned)}): {cure}"] if turned else []


def _damaged(names: Collection[str]) -> dict[str, Damage]:
    """The names that were turned. In a column of numbers, as of Entrez, numbers count if all are known symbols."""
    capital = [name for name in names if not name[0].islower()]  # set-25 is a gene
    found = {name: damage for name in capital if (damage := damage_of(name))}
    numbers = [name for name in names if (whole_number(name) or name).isdigit()]
    if 2 * len(numbers) > len(names) and not all(name in found and _meant(found[name]) for name in numbers):
        return {name: damage for name, damage in found.items() if not is_serial(whole_number(name) or name)}
    return found


def _meant(damage: Damage) -> str:
    found = sorted(_DATES[pair] for pair in damage.pairs if pair in _DATES)
    return f" ({' or '.join(found)})" if found else ""


def _lines(places: dict[str, list[int]], cells: Iterable[str]) -> str:
    return told_lines(sorted(line for cell in cells for line in places[cell]))
