"""How programs write that a cell holds nothing: NA, #N/A, NaN, None, null, ?, -."""

from __future__ import annotations

from typing import Final

__all__ = ["is_missing", "is_missing_gene"]

_SIGNS: Final = frozenset(("", "?", "??", "???", "-", "--", "---", "–", "—", ".", "\\n"))
_WORDS: Final = frozenset(
    ("na", "n/a", "#n/a", "#nv", "#n/d", "<na>", "n.a.", "n. a.", "nan", "-nan", "#nan", "none", "null", "(null)",
     "#n/a n/a")
)  # fmt: skip
_GENES: Final = frozenset(("nan", "na"))
"""Real genes of the fly: nanchung and narrow abdomen."""


def is_missing(text: str) -> bool:
    """Whether a cell of labels says that nothing is known; #NV is Excel's #N/A in German."""
    folded = text.strip().casefold()
    return folded in _SIGNS or folded in _WORDS or text.strip() == "NaT"


def is_missing_gene(text: str) -> bool:
    """Whether a cell of genes says that none is known: `nan` and `na`, written small, are genes of the fly."""
    return text.strip() not in _GENES and is_missing(text)
