"""A store whose doubtful labels count for nothing."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.files.store import Store

__all__ = ["DoubtedStore"]


class DoubtedStore(Store):
    """A store that is read as if doubtful labels were none; the file stays as it is."""

    def __init__(self, path: str | Path, doubted: Mapping[str, NDArray[np.int64]]) -> None:
        """`doubted`: task → the images (n,) whose label of it counts for nothing."""
        self._doubted = doubted
        super().__init__(path)

    def labels(self, task: str) -> NDArray[np.int16]:
        """The labels (N,) of a task, −1 where there is none, or a doubtful one."""
        found = super().labels(task)
        if task in self._doubted:
            found[self._doubted[task]] = -1
        return found
