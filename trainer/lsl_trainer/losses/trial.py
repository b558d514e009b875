"""Do pseudo-labels help? For a while some labelled images are treated as if they had a coarse label alone."""

from __future__ import annotations

from math import comb

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

__all__ = ["Trial", "left_out"]

_PART = 5
"""One label in so many of each class is left out."""
_CHANCE = 0.1
"""How seldom a fair coin must fall so, for it to be no chance."""


def left_out(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The images (N,) that are left out: a fifth of the labels of each class (`labels` (N,), −1 unknown)."""
    out = np.zeros(len(labels), dtype=np.bool_)
    for label in np.unique(labels[labels >= 0]):
        members = np.flatnonzero(labels == label)
        out[members[: len(members) // _PART]] = True
    return out


class Trial:
    """Compares the guesses of the images left out before pseudo-labels were learnt with those since.

    Both tensors are changed in place. `rights` int64 (2, N): whether the last guess of an image was right, before and
    since; −1 where there was none. `stopped` int64 (1,): 1 once pseudo-labels were found to do harm.
    """

    def __init__(self, labels: NDArray[np.int64]) -> None:
        """`labels` (N,) of the training images, −1 unknown."""
        self.left_out = torch.from_numpy(left_out(labels))
        self.rights = torch.full((2, len(labels)), -1)
        self.stopped = torch.zeros(1, dtype=torch.int64)

    def note(self, positions: Tensor, right: Tensor, since: bool) -> None:
        """Remembers whether guesses of the images at `positions` (n,) were right, bool (n,)."""
        mine = self.left_out[positions]
        self.rights[int(since), positions[mine]] = right[mine].long()

    def judge(self) -> None:
        """Stops pseudo-labels where more guesses got worse than better, by more than chance explains."""
        before, since = self.rights
        lost, won = (int(((before == a) & (since == 1 - a)).sum()) for a in (1, 0))
        self.stopped.fill_(int(_at_least(lost, lost + won) < _CHANCE))


def _at_least(heads: int, throws: int) -> float:
    """The probability of so many heads or more of a fair coin."""
    return float(sum(comb(throws, k) for k in range(heads, throws + 1)) / 2**throws)
