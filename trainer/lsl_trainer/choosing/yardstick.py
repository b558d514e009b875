"""How candidates are held against each other: by the labels of training images that they were not shown."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_trainer.data.training_data import ALLOWED, TrainingData

__all__ = ["Marks", "Yardstick"]

_ENOUGH = 30

Bools = NDArray[np.bool_]


@dataclass(frozen=True)
class Marks:
    """Which left-out labels were answered right, of n images: 1 or 0, NaN where nothing is known."""

    fine: NDArray[np.float64]
    coarse: NDArray[np.float64]
    """Whether the coarse labels allow the answer."""

    @property
    def score(self) -> float:
        """The mean of the shares of right fine and of right coarse answers.

        Of the two, one that fewer than 30 images tell about does not count where the other tells more.
        """
        shares = [float(np.nanmean(one)) for one in self._counting()]
        return float(np.mean(shares)) if shares else 0.0

    def at(self, rows: NDArray[np.int64]) -> Marks:
        """Those of some of the images."""
        return Marks(self.fine[rows], self.coarse[rows])

    def surpasses(self, other: Marks) -> bool:
        """Whether these are better by more than one standard error of the difference, over the same images."""
        pairs = list(zip(self._counting(), other._counting(), strict=False))
        if not pairs:
            return False
        differences = [(mine - theirs)[np.isfinite(mine - theirs)] for mine, theirs in pairs]
        error = np.sqrt(sum(one.var() / max(len(one), 1) for one in differences)) / len(differences)
        return bool(np.mean([one.mean() for one in differences]) > error)

    def _counting(self) -> list[NDArray[np.float64]]:
        both = [one for one in (self.fine, self.coarse) if np.isfinite(one).any()]
        enough = [one for one in both if np.isfinite(one).sum() >= _ENOUGH]
        return enough or both


@dataclass(frozen=True)
class Yardstick:
    """The labels of the n images that are learnt from, `data.learnt_rows`."""

    fine: NDArray[np.int64]
    """(n,), −1 unknown."""
    sets: NDArray[np.int64]
    """(n,): what the coarse labels allow, index into `allowed`; −1 unknown, or a set without fine classes."""
    allowed: NDArray[np.bool_]
    """(S, K): sets of fine classes."""
    groups: NDArray[np.int64]
    """(n,): their genes."""

    @classmethod
    def of(cls, data: TrainingData) -> Yardstick:
        """From the data of a training."""
        rows, space = data.learnt_rows, data.fine_space
        fine, sets, groups = (np.full(len(rows), -1) for _ in range(3))
        for labelled in (data.coarse, data.constrained, data.fine):
            groups[np.searchsorted(rows, labelled.rows)] = labelled.groups
        fine[np.searchsorted(rows, data.fine.rows)] = data.fine.labels
        allowed = data.allowed[:, : len(space)]
        sets[np.searchsorted(rows, data.constrained.rows)] = data.constrained.others[ALLOWED]
        sets[~np.isin(sets, np.flatnonzero(allowed.any(1)))] = -1
        return cls(fine, sets, allowed, groups)

    @property
    def classes(self) -> int:
        """K, how many fine classes there are."""
        return int(self.allowed.shape[1])

    def marks(self, rows: NDArray[np.int64], answers: NDArray[np.int64]) -> Marks:
        """Of answers, fine classes (m,), for the images `rows` (m,) that were left out; the others were learnt from.

        A class of which no label was shown cannot be known, and does not count.
        """
        shown = np.ones(len(self.fine), dtype=np.bool_)
        shown[rows] = False
        known = np.isin(self.fine[rows], self.fine[shown]) & (self.fine[rows] >= 0)
        fine = np.where(known, answers == self.fine[rows], np.nan).astype(np.float64)
        known = self.sets[rows] >= 0
        right = np.full(len(rows), np.nan)
        right[known] = self.allowed[self.sets[rows][known], answers[known]]
        return Marks(fine, right)
