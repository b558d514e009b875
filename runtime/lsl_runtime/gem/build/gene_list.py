"""Lists of genes, from a file or typed."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence, Set
from pathlib import Path
from typing import Final

from lsl_shared.errors import ConfigError, DataFileError
from lsl_shared.tables.delimited import HEADER_WITHIN
from lsl_shared.tables.gene_names import turned_genes
from lsl_shared.tables.rows import TABLE_SUFFIXES, TableRows, read_table_rows
from lsl_shared.tables.text import decode_text
from lsl_shared.tables.workbook import is_workbook
from lsl_shared.wording import first_few

__all__ = ["read_gene_list", "unknown_told"]

_LARGEST = 16 * 2**20
_COLUMNS: Final = ("gene", "genes", "symbol", "gene_symbol", "gene symbol")
_SEPARATORS: Final = re.compile("[,;\t]")


def read_gene_list(given: str) -> tuple[str, ...]:
    """The genes of a file, one a line, or of a list like `eve,ftz,hb`; each once, in order.

    Of a line only what stands before the first comma, semicolon or tab counts; empty lines and those that begin with #
    do not. Of a table or workbook with a column `gene` or `symbol`, that column counts. A folder is no list. Raises
    ConfigError for a file that cannot be read, and where no gene is left.
    """
    names = _names_in(Path(given)) if _names_a_file(given) else given.split(",")
    genes = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not genes:
        raise ConfigError(f"{given[:80]!r} lists no gene; give a file with one a line, or eve,ftz,hb")
    return genes


def unknown_told(listed: Sequence[str], known: Set[str]) -> str:
    """A line on the listed genes that are not `known` to the store, and what became of them; '' where all are."""
    unknown = [gene for gene in listed if gene not in known]
    if not unknown:
        return ""
    told = f"{len(unknown):,} of {len(listed):,} listed genes are not in the store: {first_few(unknown, 10)}"
    turned = turned_genes(unknown, listed)
    return f"{told}. A spreadsheet has turned {turned}" if turned else told


def _names_a_file(given: str) -> bool:
    try:
        if Path(given).is_file():
            return True
        a_path = Path(given).exists() and (given in (".", "..") or bool(set(given) & {"/", os.sep}))
    except (OSError, ValueError):  # longer than a path may be
        return False
    if "," not in given and (given.lower().endswith(TABLE_SUFFIXES) or a_path):
        raise ConfigError(f"{given}: no such file; a list of genes is a file with one a line, or eve,ftz,hb")
    return False


def _names_in(path: Path) -> list[str]:
    """The names in a file, in order."""
    if path.stat().st_size > _LARGEST:
        raise ConfigError(f"{path}: larger than any list of genes, {path.stat().st_size:,} bytes")
    try:
        data = path.read_bytes()
        if is_workbook(data):
            return _column(read_table_rows(path, _is_header))
        text, _ = decode_text(data, latin=False)
    except (ValueError, OSError):
        raise ConfigError(f"{path}: cannot be read as text in UTF-8; a list of genes has one a line") from None
    except DataFileError as problem:
        raise ConfigError(str(problem)) from None
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    if any(_is_header(_SEPARATORS.split(line)) for line in lines[:HEADER_WITHIN]):
        return _column(read_table_rows(path, _is_header))
    return [_SEPARATORS.split(line)[0].strip('" ') for line in lines]


def _is_header(cells: Sequence[str]) -> bool:
    return any(cell.strip('" ').lower() in _COLUMNS for cell in cells)


def _column(table: TableRows) -> list[str]:
    """The cells below `gene`, else the first filled one of each row."""
    if table.header is None:
        return [next(filter(None, row)) for _, row in table.rows]
    names = [cell.strip('" ').lower() for cell in table.rows[table.header][1]]
    place = next(place for place, name in enumerate(names) if name in _COLUMNS)
    return [row[place] for _, row in table.rows[table.header + 1 :] if len(row) > place]
