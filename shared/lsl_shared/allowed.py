"""What the coarse labels of images allow together: the intersection of the sets of fine classes that each allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask, Labels

__all__ = ["AllowedSets", "allowed_sets", "told_classes"]


@dataclass(frozen=True)
class AllowedSets:
    """What the coarse labels of N images allow: the sets that occur, and which of them each image has."""

    sets: NDArray[np.bool_]
    """(S, K + 1): over the K fine classes; the last column stands for having none of them."""
    of_image: NDArray[np.int64]
    """(N,): the image's set, −1 where it has no coarse label: then all is possible."""

    @property
    def each(self) -> NDArray[np.bool_]:
        """(N, K + 1): the set of each image."""
        free = np.ones((1, self.sets.shape[1]), dtype=np.bool_)
        return np.concatenate([self.sets, free])[self.of_image]

    @property
    def classes(self) -> NDArray[np.bool_]:
        """(N, K): the fine classes that each image may have; none where it is outside, or its labels contradict."""
        return self.each[:, :-1]

    @property
    def outside(self) -> NDArray[np.bool_]:
        """(N,): whether a label says that the image has none of the fine classes."""
        each = self.each
        return each[:, -1] & ~each[:, :-1].any(1)

    @property
    def contradictory(self) -> NDArray[np.bool_]:
        """(N,): whether what the labels of an image allow has nothing in common."""
        return np.asarray(~self.each.any(1))


def allowed_sets(known: Sequence[tuple[CoarseTask, Labels]], fine: int, count: int) -> AllowedSets:
    """What the labels of `count` images allow together, of `fine` classes; `known`: coarse tasks, labels (N,) of each.

    With one coarse task the sets are its classes in order. With several they are those that occur, each once.
    """
    tables = [np.concatenate([one.matrix(fine), _childless(one)], axis=1) for one, _ in known]
    if len(known) == 1:
        return AllowedSets(tables[0], known[0][1].astype(np.int64))
    if not known:
        return AllowedSets(np.zeros((0, fine + 1), np.bool_), np.full(count, -1, np.int64))
    labels = np.stack([found for _, found in known], axis=1)
    combinations, which = np.unique(labels, axis=0, return_inverse=True)
    together = np.ones((len(combinations), fine + 1), dtype=np.bool_)
    for table, column in zip(tables, combinations.T, strict=False):
        together &= np.where((column >= 0)[:, None], table[column], True)
    unlabelled = (combinations < 0).all(1)
    sets, place = np.unique(together[~unlabelled], axis=0, return_inverse=True)
    of_combination = np.full(len(combinations), -1)
    of_combination[~unlabelled] = place.reshape(-1)
    return AllowedSets(sets, of_combination[which.reshape(-1)].astype(np.int64))


def told_classes(known: Sequence[tuple[CoarseTask, Labels]], row: int) -> str:
    """The known coarse classes of an image, in words: "4-6", or "4-6 and 6-7"; '' where none is known."""
    return " and ".join(dict.fromkeys(one.classes[labels[row]] for one, labels in known if labels[row] >= 0))


def _childless(coarse: CoarseTask) -> NDArray[np.bool_]:
    """(C, 1): the classes without a fine one."""
    return np.array([[not members] for members in coarse.allows], dtype=np.bool_)
