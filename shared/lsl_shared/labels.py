"""Label spaces: the classes of a task and, for a fine task, the coarse class that each of them belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lsl_shared.errors import LabelError

__all__ = ["MAX_CLASSES", "LabelSpace"]

MAX_CLASSES = 4000
"""The most class names that fit an HDF5 attribute (16 bytes each in an object header of 64 KiB)."""

_TASK_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class LabelSpace:
    """The classes of one task, in order, and for a fine task the coarse class above each of them.

    Args:
        name: The name of the task: lower-case letters, digits and _, a letter first.
        classes: The names of its K classes, distinct and not empty.
        parent: The name of the coarse task, '' where there is none.
        parent_index: For each of the K classes, the index of the coarse class that it belongs to; () without a parent.

    Raises:
        LabelError: Names are malformed or repeated, or parents do not match the classes.

    Example:
        >>> from lsl_shared import LabelSpace
        >>> family = LabelSpace("family", ("oak", "palm", "moss"))
        >>> species = LabelSpace("species", ("robur", "ilex", "areca"), "family", (0, 0, 1))
        >>> len(species), species.index("areca"), species.childless(family)
        (3, 2, (2,))
    """

    name: str
    classes: tuple[str, ...]
    parent: str = ""
    parent_index: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if not _TASK_NAME.fullmatch(self.name):
            raise LabelError(f"task name {self.name!r}: use lower-case letters, digits and _, a letter first")
        if not self.classes:
            raise LabelError(f"task {self.name!r} has no classes: at least one image must carry its label")
        if len(self.classes) > MAX_CLASSES:
            raise LabelError(
                f"task {self.name!r} has {len(self.classes):,} classes, at most {MAX_CLASSES:,} fit: an id column?"
            )
        repeated = sorted({name for name in self.classes if self.classes.count(name) > 1})
        if repeated or "" in self.classes:
            raise LabelError(f"task {self.name!r}: class names must be distinct and not empty, repeated: {repeated}")
        if bool(self.parent) != bool(self.parent_index) or self.parent == self.name:
            raise LabelError(f"task {self.name!r}: a parent task and a parent index for every class go together")
        if self.parent and len(self.parent_index) != len(self.classes):
            raise LabelError(
                f"task {self.name!r}: {len(self.classes)} classes but {len(self.parent_index)} parent indices"
            )
        if any(index < 0 for index in self.parent_index):
            raise LabelError(f"task {self.name!r}: parent indices start at 0, received {min(self.parent_index)}")

    @classmethod
    def fine(cls, name: str, parent_of: Mapping[str, str], coarse: LabelSpace) -> LabelSpace:
        """A fine task, from the coarse class of each of its classes.

        Args:
            name: The name of the fine task.
            parent_of: {fine class: coarse class}, in the order that the classes shall have.
            coarse: The coarse task.

        Returns:
            The fine task, with `coarse` as its parent.

        Raises:
            LabelError: A coarse class is unknown.
        """
        return cls(name, tuple(parent_of), coarse.name, tuple(coarse.index(parent) for parent in parent_of.values()))

    def __len__(self) -> int:
        return len(self.classes)

    def index(self, name: str) -> int:
        """The index of a class.

        Args:
            name: The name of the class.

        Returns:
            0 … K − 1.

        Raises:
            LabelError: There is no such class; the text lists those that there are.
        """
        try:
            return self.classes.index(name)
        except ValueError:
            listed = ", ".join(self.classes[:20]) + (" …" if len(self.classes) > 20 else "")
            raise LabelError(f"task {self.name!r} has no class {name!r}; its classes: {listed}") from None

    def childless(self, coarse: LabelSpace) -> tuple[int, ...]:
        """The coarse classes without any fine class ("1-3" of the fly): images in them have no fine class.

        Args:
            coarse: The coarse task above this one.

        Returns:
            Their indices among the coarse classes.
        """
        return tuple(k for k in range(len(coarse)) if k not in self.parent_index)

    def check_parent(self, coarse: LabelSpace) -> None:
        """Checks that a coarse task is this one's parent, and has every class that is pointed to.

        Args:
            coarse: The coarse task.

        Raises:
            LabelError: It is not.
        """
        if self.parent != coarse.name:
            raise LabelError(f"task {self.name!r} has parent {self.parent or 'none'!r}, not {coarse.name!r}")
        if max(self.parent_index) >= len(coarse):
            raise LabelError(
                f"task {self.name!r}: parent index {max(self.parent_index)} of {coarse.name!r}, {len(coarse)} classes"
            )
