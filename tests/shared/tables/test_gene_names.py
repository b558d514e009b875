from __future__ import annotations

import unicodedata

from lsl_shared.tables.gene_names import read_genes


def notes(*genes: str) -> tuple[str, ...]:
    return read_genes(genes, range(2, len(genes) + 2)).notes


def test_missing_genes_are_told_and_real_ones_kept() -> None:
    found = read_genes(["NA", "nan", "eve", "", "#N/A", "na"], range(2, 8))
    assert found.genes == ("", "nan", "eve", "", "", "na")
    assert found.notes == (
        "gene: NA, #N/A is read as not known (lines 2, 6)",
        "gene 'nan' is read as nanchung (line 3): leave the cell empty where none is known",
        "gene 'na' is read as narrow abdomen (line 7): leave the cell empty where none is known",
    )


def test_symbols_that_were_turned_are_told() -> None:
    told = notes("1-Dec", "eve", "2-Sep", "12/01/26", "01. Sep", "2026-03-01", "46358", "set-25", "dec-1", "Sep4")
    assert len(told) == 1
    assert "a spreadsheet has turned 1-Dec (dec-1), 2-Sep (Sep2)" in told[0]
    assert told[0].endswith("(lines 2, 4, 5, 6, 7, 8): format the column as text and write the symbols again")


def test_numbers_of_entrez_are_no_dates() -> None:
    assert notes("31208", "42737", "40633", "eve") == ()
    assert notes("46357", "46266") != (), "1 December and 1 September: dec-1 and Sep1"


def test_floats_and_forms() -> None:
    found = read_genes(
        ["31208.0", unicodedata.normalize("NFD", "14-3-3ε"), unicodedata.normalize("NFD", "vé")], [2, 3, 4]
    )
    assert found.genes == ("31208", "14-3-3ε", unicodedata.normalize("NFC", "vé"))
