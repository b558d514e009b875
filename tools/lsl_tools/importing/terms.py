"""Terms of a controlled vocabulary as tables write them: `brain|nerve cord` in the column `cv_terms`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import NOT_ANNOTATED
from lsl_shared.labels import LabelSpace
from lsl_tools.importing.listing import Sample
from lsl_tools.importing.natural_order import natural_key

__all__ = ["TERMS", "read_terms", "term_column", "term_space"]

TERMS = "cv_terms"
"""The column, and the task of kind terms that it becomes."""
_SEPARATOR = "|"


def read_terms(cell: str) -> tuple[str, ...]:
    """The terms of a cell, each once; none where nobody has annotated the image."""
    return tuple(dict.fromkeys(term for part in cell.split(_SEPARATOR) if (term := part.strip())))


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
