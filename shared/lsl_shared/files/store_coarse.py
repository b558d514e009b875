"""The coarse tasks of a store beside the parents of its fine tasks: which fine classes each of their classes allows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import h5py
import numpy as np
from numpy.typing import NDArray

from lsl_shared.coarse import CoarseTask
from lsl_shared.errors import LabelError, StoreError
from lsl_shared.files.attributes import read_names
from lsl_shared.files.hdf5 import members, read_array
from lsl_shared.labels import LabelSpace

__all__ = ["ALLOWS", "coarse_tasks", "finest_tasks", "ordered_tasks", "read_further", "write_further", "write_task"]

ALLOWS = "allows"
"""Group of a store: `allows/<fine>/<coarse>` is uint8 (C, K), 1 where it allows."""

Spaces = Mapping[str, LabelSpace]
Further = Mapping[str, tuple[CoarseTask, ...]]
"""The coarse tasks beside the parent: fine task → coarse tasks, by name."""


def read_further(file: h5py.File, spaces: Spaces) -> dict[str, tuple[CoarseTask, ...]]:
    """What `allows` says, by fine task. Raises StoreError with the key."""
    found = {}
    for fine in members(file, ALLOWS, StoreError):
        names = members(file, f"{ALLOWS}/{fine}", StoreError)
        found[fine] = tuple(_read_one(file, spaces, fine, name) for name in names)
    return found


def write_task(file: h5py.File, space: LabelSpace, labels: NDArray[np.int16]) -> None:
    """Writes a task of classes and the labels of all images (N,)."""
    dataset = file.create_dataset(f"labels/{space.name}", data=labels)
    dataset.attrs.create("classes", list(space.classes), dtype=h5py.string_dtype())
    if space.parent:
        dataset.attrs["parent"] = space.parent
        dataset.attrs["parent_index"] = np.asarray(space.parent_index, dtype=np.int16)


def write_further(file: h5py.File, fine: LabelSpace, coarse: Sequence[CoarseTask]) -> None:
    """Writes what the classes of coarse tasks beside the parent allow. Raises LabelError where a task does not fit."""
    for one in coarse:
        one.check_fine(fine)
        key = f"labels/{one.name}"
        if key not in file or read_names(file[key], "classes") != one.classes or one.name == fine.parent:
            raise LabelError(f"task {fine.name!r}: add its coarse task {one.name!r} first, with the same classes, once")
        file.create_dataset(f"{ALLOWS}/{fine.name}/{one.name}", data=one.matrix(len(fine)).astype(np.uint8))


def coarse_tasks(spaces: Spaces, further: Further, fine: str) -> tuple[CoarseTask, ...]:
    """All coarse tasks over a fine one: its parent, those beside it, then those above these, over its own classes."""
    direct = _direct(spaces, further, fine)
    higher = [top.above(low) for low in direct for top in coarse_tasks(spaces, further, low.name)]
    found = {one.name: one for one in reversed([*direct, *higher])}
    return tuple(found[name] for name in dict.fromkeys(one.name for one in (*direct, *higher)))


def finest_tasks(spaces: Spaces, further: Further) -> list[str]:
    """The tasks that have a coarse one and are none themselves, in order."""
    above = {name: {one.name for one in coarse_tasks(spaces, further, name)} for name in spaces}
    coarse = set().union(*above.values())
    return [name for name, found in above.items() if found and name not in coarse]


def ordered_tasks(file: h5py.File, spaces: Spaces, further: Further) -> dict[str, LabelSpace]:
    """The tasks, coarse ones before fine ones. Raises StoreError where one is above itself."""
    levels: dict[str, int] = {}

    def level(name: str, below: tuple[str, ...]) -> int:
        if name in below:
            raise StoreError(Path(file.filename), f"task {name!r} is its own ancestor", f"labels/{name}")
        if name not in levels:
            above = [spaces[name].parent, *(one.name for one in further.get(name, ()))]
            levels[name] = 1 + max((level(one, (*below, name)) for one in above if one), default=0)
        return levels[name]

    return dict(sorted(spaces.items(), key=lambda item: level(item[0], ())))


def _direct(spaces: Spaces, further: Further, fine: str) -> tuple[CoarseTask, ...]:
    space = spaces[fine]
    parent = (CoarseTask.of_parent(space, spaces[space.parent]),) if space.parent else ()
    return (*parent, *further.get(fine, ()))


def _read_one(file: h5py.File, spaces: Spaces, fine: str, coarse: str) -> CoarseTask:
    key, path = f"{ALLOWS}/{fine}/{coarse}", Path(file.filename)
    for name in (fine, coarse):
        if name not in spaces:
            raise StoreError(path, f"there is no task {name!r} of classes in the store", key)
    shape = len(spaces[coarse]), len(spaces[fine])
    stored = read_array(file, key, StoreError, dtype="biuf", shape=shape)
    if not np.isin(stored, (0, 1)).all():
        raise StoreError(path, f"expected 0 and 1, a row a class of {coarse!r}, found {stored.max()}", key)
    try:
        found = CoarseTask.of_matrix(spaces[coarse], stored != 0)
        found.check_fine(spaces[fine])
    except LabelError as problem:
        raise StoreError(path, str(problem), key) from None
    if coarse == spaces[fine].parent:
        raise StoreError(path, f"{coarse!r} is the parent of {fine!r} already", key)
    return found
