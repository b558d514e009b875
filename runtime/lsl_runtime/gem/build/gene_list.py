"""Lists of genes, from a file or typed."""

from __future__ import annotations

from collections.abc import Sequence, Set
from pathlib import Path

from lsl_shared.errors import ConfigError
from lsl_shared.wording import first_few

__all__ = ["read_gene_list", "unknown_told"]

_LARGEST = 16 * 2**20
_TABLES = (".txt", ".csv", ".tsv")


def read_gene_list(given: str) -> tuple[str, ...]:
    """The genes of a file, one a line, or of a list like `eve,ftz,hb`; each once, in order.

    Of a line only what stands before the first comma or tab counts; empty lines and those that begin with # do not.
    Raises ConfigError for a file that cannot be read, and where no gene is left.
    """
    names = _lines(Path(given)) if _names_a_file(given) else given.split(",")
    genes = tuple(dict.fromkeys(name.strip() for name in names if name.strip()))
    if not genes:
        raise ConfigError(f"{given[:80]!r} lists no gene; give a file with one a line, or eve,ftz,hb")
    return genes


def unknown_told(listed: Sequence[str], known: Set[str]) -> str:
    """A line on the listed genes that are not `known` to the store; '' where all are."""
    unknown = [gene for gene in listed if gene not in known]
    if not unknown:
        return ""
    return f"{len(unknown):,} of {len(listed):,} listed genes are not in the store: {first_few(unknown, 10)}"


def _names_a_file(given: str) -> bool:
    try:
        if Path(given).is_file():
            return True
    except (OSError, ValueError):  # longer than a path may be
        return False
    if "," not in given and (given.lower().endswith(_TABLES) or Path(given).exists()):
        raise ConfigError(f"{given}: no such file; a list of genes is a file with one a line, or eve,ftz,hb")
    return False


def _lines(path: Path) -> list[str]:
    if path.stat().st_size > _LARGEST:
        raise ConfigError(f"{path}: larger than any list of genes, {path.stat().st_size:,} bytes")
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (UnicodeDecodeError, OSError):
        raise ConfigError(f"{path}: cannot be read as text in UTF-8; a list of genes has one a line") from None
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return [line.replace("\t", ",").split(",")[0].strip('" ') for line in lines]
