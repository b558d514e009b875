"""Which labels an audit of the store doubts: the table that `lsl-store audit` wrote beside it."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import DataFileError
from lsl_tools.auditing.telling import WRONG, audit_path
from lsl_tools.review.images import Images
from lsl_tools.tables.table import read_table

__all__ = ["doubtful", "read_doubts"]


def read_doubts(store: Path, images: Images) -> None:
    """Puts into the columns how likely each image has a wrong label, where the labels are still those that were judged.

    Without a table, or with one that cannot be read, nothing is doubted.
    """
    path, doubt = audit_path(store), np.zeros(images.count, np.float32)
    with suppress(DataFileError, ValueError):
        table = read_table(path, "id")
        judged = [(task, f"{task}_now") for task in (images.space.name, images.space.parent) if task]
        columns = {task: table.column(name) for task, name in judged if name in table.columns}
        for place, (name, wrong) in enumerate(zip(table.column("id"), table.column(WRONG), strict=True)):
            row = images.row(name)
            now = {task: column[place] for task, column in columns.items()}
            if row >= 0 and now == {task: _label(images, task, row) for task in columns}:
                doubt[row] = np.clip(np.nan_to_num(float(wrong)), 0, 1)
        images.doubt = doubt


def doubtful(images: Images) -> NDArray[np.bool_]:
    """The images (N,) with a doubtful label that nobody has answered since."""
    return np.asarray((images.doubt > 0) & ~images.answered & (images.unusable == ""), bool)


def _label(images: Images, task: str, row: int) -> str:
    """The class of an image, '' where it has none."""
    space = images.coarse_spaces.get(task, images.space)
    index = int(images.known.get(task, images.label)[row])
    return space.classes[index] if index >= 0 else ""
