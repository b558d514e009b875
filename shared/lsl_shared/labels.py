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
    """The classes of one task, in order.

    A fine task names its coarse task in `parent`, and `parent_index[k]` is the index, among the coarse classes, of the
    one that fine class k belongs to. Coarse classes that no fine class points to are childless ("1-3" of the fly).
    Raises LabelError where names are malformed or repeated, or parents do not match the classes.
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
        """A fine task from {fine class: coarse class}, in that order. Raises LabelError for an unknown coarse class."""
        return cls(name, tuple(parent_of), coarse.name, tuple(coarse.index(parent) for parent in parent_of.values()))

    def __len__(self) -> int:
        return len(self.classes)

    def index(self, name: str) -> int:
        """The index of a class by its name. Raises LabelError that lists the classes."""
        try:
            return self.classes.index(name)
        except ValueError:
            listed = ", ".join(self.classes[:20]) + (" …" if len(self.classes) > 20 else "")
            raise LabelError(f"task {self.name!r} has no class {name!r}; its classes: {listed}") from None

    def childless(self, coarse: LabelSpace) -> tuple[int, ...]:
        """The coarse classes without any fine class: images known to be in them have no fine class."""
        return tuple(k for k in range(len(coarse)) if k not in self.parent_index)

    def check_parent(self, coarse: LabelSpace) -> None:
        """Raises LabelError unless `coarse` is this task's parent and has every class that is pointed to."""
        if self.parent != coarse.name:
            raise LabelError(f"task {self.name!r} has parent {self.parent or 'none'!r}, not {coarse.name!r}")
        if max(self.parent_index) >= len(coarse):
            raise LabelError(
                f"task {self.name!r}: parent index {max(self.parent_index)} of {coarse.name!r}, {len(coarse)} classes"
            )
