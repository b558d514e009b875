"""Whether `lsl-store import` stores the pixels that were written, or refuses the file."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lsl_shared.errors import StoreError
from lsl_shared.files.store import Store
from lsl_tools import import_images
from picture_grid import ways_of
from picture_grid.written import Written

__all__ = ["Tally", "compare"]

_BATCH = 500


@dataclass
class Tally:
    """Pictures stored right, refused (reasons with counts), and `wrong` ones by name."""

    equal: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    not_offered: int = 0


def compare(writer: str, folder: Path, every: int = 1) -> Tally:
    """Imports the pictures of one of the WRITERS, or by chance one of `every`, and compares the store with the truth.

    Raises ImportError where the writer is not installed.
    """
    tally = Tally()
    batch: dict[str, Written] = {}
    for name, written in _written(writer, every, tally):
        batch[name] = written
        if len(batch) == _BATCH:
            _import(batch, folder, tally)
            batch = {}
    _import(batch, folder, tally)
    return tally


def _written(writer: str, every: int, tally: Tally) -> Iterator[tuple[str, Written]]:
    for way in ways_of(writer):
        if zlib.crc32(way.name.encode()) % every:
            continue
        written = way.write()
        if written is None:
            tally.not_offered += 1
        else:
            yield way.name, written


def _import(batch: dict[str, Written], folder: Path, tally: Tally) -> None:
    """Pictures of one size go into one store, so that none is scaled."""
    for size in {written.truth.shape for written in batch.values()}:
        names = [name for name, written in batch.items() if written.truth.shape == size]
        files = {f"{place}.image": name for place, name in enumerate(names)}
        for file, name in files.items():
            (folder / file).write_bytes(batch[name].data)
        _look(folder, {file: (name, batch[name]) for file, name in files.items()}, tally)
        for file in files:
            (folder / file).unlink()


def _look(folder: Path, files: dict[str, tuple[str, Written]], tally: Tally) -> None:
    target = folder.parent / "store.h5"
    try:
        report = import_images(folder, target, overwrite=True)
    except StoreError as problem:  # all were refused
        tally.refused[str(problem).rsplit(": ", 1)[-1]] += len(files)
        return
    for skipped in report.skipped:
        tally.refused[skipped.reason] += 1
    with Store(target) as store:
        for place, source in enumerate(store.sources):
            name, written = files[source]
            if _equal(store.read(place, place + 1)[0], written):
                tally.equal += 1
            else:
                tally.wrong.append(name)


def _equal(stored: NDArray[np.uint8], written: Written) -> bool:
    if stored.shape != written.truth.shape:
        return False
    return int(np.abs(stored.astype(int) - written.truth).max()) <= written.tolerance
