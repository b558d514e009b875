"""Coarse tasks: each of their classes allows a set of fine classes.

Sets may overlap, and need not hold every fine class. A coarse class whose set is empty is *childless*: its images are
outside the fine task. A fine task's parent is the special case in which each fine class lies in one coarse class.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lsl_shared.errors import LabelError
from lsl_shared.labels import LabelSpace

__all__ = ["CoarseTask", "Labels", "contradictions", "implied_coarse"]

Labels = NDArray[np.integer[Any]]
"""Class indices (N,), −1 = unlabelled."""


@dataclass(frozen=True)
class CoarseTask:
    """A coarse task over a fine one: which fine classes each of its classes allows.

    Args:
        name: The name of the coarse task.
        classes: The names of its C classes.
        allows: For each of the C classes, the indices of the fine classes that it allows, ascending; () for none.

    Raises:
        LabelError: Names are malformed, or the sets do not match the classes.

    Example:
        >>> from lsl_shared import CoarseTask, LabelSpace
        >>> stage = LabelSpace("stage", ("4", "5", "6", "7"))
        >>> fish = CoarseTask.of_names("fish", {"1-3": (), "4-5": ("4", "5"), "5-7": ("5", "6", "7")}, stage)
        >>> fish.allows, fish.matrix(len(stage)).astype(int).tolist()
        (((), (0, 1), (1, 2, 3)), [[0, 0, 0, 0], [1, 1, 0, 0], [0, 1, 1, 1]])
    """

    name: str
    classes: tuple[str, ...]
    allows: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        LabelSpace(self.name, self.classes)
        if len(self.allows) != len(self.classes):
            raise LabelError(
                f"task {self.name!r}: {len(self.classes)} classes but {len(self.allows)} sets of fine ones"
            )
        for name, members in zip(self.classes, self.allows, strict=True):
            if list(members) != sorted(set(members)) or any(index < 0 for index in members):
                raise LabelError(f"task {self.name!r}: {name!r} allows {members}: expected ascending indices from 0")

    @classmethod
    def of_parent(cls, fine: LabelSpace, parent: LabelSpace) -> CoarseTask:
        """The coarse task of a fine task's parent: each class allows its children.

        Args:
            fine: The fine task.
            parent: Its parent.

        Returns:
            The parent with the children of each of its classes.

        Raises:
            LabelError: It is not the parent.
        """
        fine.check_parent(parent)
        return cls.of_matrix(parent, np.arange(len(parent))[:, None] == np.asarray(fine.parent_index))

    @classmethod
    def of_names(cls, name: str, allows: Mapping[str, Sequence[str]], fine: LabelSpace) -> CoarseTask:
        """A coarse task from the names of what its classes allow.

        Args:
            name: The name of the coarse task.
            allows: {coarse class: fine classes that it allows}, in the order that the classes shall have.
            fine: The fine task.

        Returns:
            The coarse task.

        Raises:
            LabelError: A fine class is unknown.
        """
        return cls(name, tuple(allows), tuple(tuple(sorted(set(map(fine.index, some)))) for some in allows.values()))

    @classmethod
    def of_matrix(cls, space: LabelSpace, matrix: ArrayLike) -> CoarseTask:
        """A coarse task from a matrix.

        Args:
            space: The coarse task's name and classes.
            matrix: bool (C, K): whether each of its classes allows each fine class.

        Returns:
            The coarse task.

        Raises:
            LabelError: The matrix has not one row a class.
        """
        return cls(space.name, space.classes, tuple(tuple(np.flatnonzero(row).tolist()) for row in np.asarray(matrix)))

    def __len__(self) -> int:
        return len(self.classes)

    @property
    def childless(self) -> tuple[int, ...]:
        """The classes that allow no fine class."""
        return tuple(k for k, members in enumerate(self.allows) if not members)

    @property
    def highest(self) -> int:
        """The highest index of a fine class that is allowed; −1 where none is."""
        return max((members[-1] for members in self.allows if members), default=-1)

    def matrix(self, fine: int) -> NDArray[np.bool_]:
        """Which fine classes each class allows.

        Args:
            fine: K, how many fine classes there are.

        Returns:
            bool (C, K).
        """
        found = np.zeros((len(self), fine), dtype=np.bool_)
        for row, members in zip(found, self.allows, strict=True):
            row[list(members)] = True
        return found

    def check_fine(self, fine: LabelSpace) -> None:
        """Checks that a fine task has every class that is pointed to.

        Args:
            fine: The fine task.

        Raises:
            LabelError: It has not.
        """
        if self.name == fine.name:
            raise LabelError(f"task {self.name!r} cannot be above itself")
        if self.highest >= len(fine):
            told = f"allows class {self.highest} of {fine.name!r}, which has {len(fine)} classes"
            raise LabelError(f"task {self.name!r} {told}, counted from 0")

    def parent_index(self, fine: int) -> tuple[int, ...]:
        """The coarse class of each fine class, where each lies in one: then the task can be the fine task's parent.

        Args:
            fine: K, how many fine classes there are.

        Returns:
            K indices; () where a fine class lies in none or in several.
        """
        matrix = self.matrix(fine)
        return tuple(matrix.argmax(0).tolist()) if (matrix.sum(0) == 1).all() else ()

    def above(self, lower: CoarseTask) -> CoarseTask:
        """This task, which is over the classes of `lower`, as one over what these allow: orders of species.

        Args:
            lower: The coarse task in between.

        Returns:
            A class of it allows what any of the classes that it allowed does.
        """
        sets = [sorted({k for middle in members for k in lower.allows[middle]}) for members in self.allows]
        return CoarseTask(self.name, self.classes, tuple(map(tuple, sets)))

    def over(self, own: Sequence[str], others: Sequence[str]) -> CoarseTask:
        """The same over other fine classes, matched by name. A class that loses its whole set allows all.

        Args:
            own: The names of the fine classes that the sets point to.
            others: The names of those that they shall point to.

        Returns:
            The coarse task over `others`.
        """
        place = {name: index for index, name in enumerate(others)}
        everything = tuple(range(len(others)))
        sets = [tuple(sorted(place[own[k]] for k in some if own[k] in place)) for some in self.allows]
        kept = (new or (everything if old else ()) for old, new in zip(self.allows, sets, strict=True))
        return CoarseTask(self.name, self.classes, tuple(kept))


def contradictions(coarse: CoarseTask, fine: Labels, labels: Labels) -> NDArray[np.intp]:
    """The images, in order, whose fine label (N,) their label (N,) of the coarse task does not allow."""
    matrix = coarse.matrix(1 + max(coarse.highest, int(fine.max(initial=-1))))
    return np.flatnonzero((fine >= 0) & (labels >= 0) & ~matrix[labels, fine])


def implied_coarse(coarse: CoarseTask, fine: Labels) -> NDArray[np.int64]:
    """The coarse class that follows from each fine label (N,): the only one that allows it, −1 where not one does."""
    matrix = coarse.matrix(1 + max(coarse.highest, int(fine.max(initial=-1))))
    of_class = np.append(np.where(matrix.sum(0) == 1, matrix.argmax(0), -1), -1)  # the last one is for −1
    return np.asarray(of_class[fine], dtype=np.int64)
