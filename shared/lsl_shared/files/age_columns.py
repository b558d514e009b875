"""How the ages of images stand in the group of a task of an annotations file, with the timetable that they follow."""

from __future__ import annotations

import h5py
import numpy as np

from lsl_shared.files.attributes import read_names, read_text
from lsl_shared.timetable import Timetable

__all__ = ["AGES", "POSITIONS", "stored_timetable", "write_timetable"]

AGES = ("age_low", "age", "age_high")
"""Datasets float32 (N,), with the attribute `unit`."""
POSITIONS = "age_position"
"""The same three as places among the classes, float32 (N, 3), those of images outside the task among them."""


def write_timetable(group: h5py.Group, table: Timetable) -> None:
    """Writes the timetable of a task that its ages follow."""
    group.attrs["timetable_begin"], group.attrs["timetable_end"] = table.begin, table.end
    group.attrs["timetable_unit"] = table.unit


def stored_timetable(group: h5py.Group) -> Timetable | None:
    """The timetable that the ages in a task's group follow; None where there are no ages.

    Raises ConfigError for one that is damaged.
    """
    if "age" not in group or "timetable_begin" not in group.attrs:
        return None
    begin, end = (tuple(np.ravel(group.attrs[f"timetable_{name}"]).astype(float).tolist()) for name in ("begin", "end"))
    return Timetable(read_names(group, "classes"), begin, end, read_text(group, "timetable_unit"))
