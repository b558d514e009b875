"""Which images several choices are made of, row by row."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.selection import Choice

__all__ = ["ChosenRows"]


class ChosenRows:
    """Which choices each image is of, and with what weight."""

    def __init__(self, choices: Sequence[Choice]) -> None:
        rows = np.concatenate([np.array([], np.int64), *(choice.rows for choice in choices)])
        order = np.argsort(rows, kind="stable")
        self._rows = rows[order]
        self._places = np.repeat(np.arange(len(choices)), [len(choice.rows) for choice in choices])[order]
        self._weights = np.concatenate([np.array([]), *(choice.weights for choice in choices)])[order]

    def within(self, partition: range) -> NDArray[np.int64]:
        """The chosen rows of a partition, ascending, each once."""
        start, stop = np.searchsorted(self._rows, [partition.start, partition.stop])
        return np.unique(self._rows[start:stop])

    def of(self, row: int) -> Iterator[tuple[int, float]]:
        """The places of the choices of a row, ascending, and its weight in each."""
        start, stop = np.searchsorted(self._rows, [row, row + 1])
        return zip(self._places[start:stop].tolist(), self._weights[start:stop].tolist(), strict=True)
