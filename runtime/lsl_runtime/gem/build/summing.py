"""The pass over a store behind maps, however many they are: each chunk that holds a chosen image is read once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from lsl_runtime.gem.build.chosen_rows import ChosenRows
from lsl_runtime.gem.build.measured import Measured, measure, measure_stored
from lsl_runtime.gem.build.saliency_source import Explained, SaliencyOf
from lsl_runtime.gem.build.selection import Choice
from lsl_runtime.gem.build.settings import MapSettings, Mode
from lsl_runtime.gem.build.sums import Sums
from lsl_runtime.model.cores import cores
from lsl_shared.files.partitions import partitions
from lsl_shared.files.store import Store

__all__ = ["sum_up"]

_UNSEEN = np.empty((0, 0, 3), np.uint8)  # the pixels of an image that nobody looks at
_BATCH = 16
"""Images that are read together where threads share them."""
_FEW = 4
"""The same where one thread reads and measures: what is read stays near the processor."""


def sum_up(
    store: Store,
    choices: Sequence[Choice],
    settings: MapSettings,
    explained: Explained | SaliencyOf | None = None,
    on_progress: Callable[[int], None] | None = None,
    *,
    over: Sequence[range] | None = None,
    threads: int | None = None,
) -> list[Sums]:
    """The sums of each choice; choices may share images. Each chunk that holds a chosen image is read once.

    `over` names the partitions to pass, by default all; those of a store cut in any way, added up, give the same sums
    but for rounding. `explained` gives saliency maps, or contributions as well. Images are measured in `threads`, by
    default as many as there are processors; with one of them, in this one.
    """
    sums = [Sums(choice, store.shape[1:], settings.per_gene) for choice in choices]
    advance, chosen = on_progress or (lambda count: None), ChosenRows(choices)
    shown = np.concatenate([np.array([], np.int64), *(choice.samples for choice in choices)])
    reading = _Reading(store, _maps_of(explained), settings.mode, shown)
    with _measuring(reading, threads or cores()) as batches:
        for partition in partitions(len(store), store.chunk_images) if over is None else over:
            passed = partition.start
            for batch in batches(chosen.within(partition)):
                last = passed
                for image in batch:
                    for place, weight in chosen.of(image.row):
                        sums[place].add(image, weight)
                    last = image.row + 1
                advance(last - passed)
                passed = last
            advance(partition.stop - passed)
    return sums


def _maps_of(explained: Explained | SaliencyOf | None) -> Explained:
    return explained if isinstance(explained, Explained) else Explained(explained)


@dataclass(frozen=True)
class _Reading:
    """Where images and what is stored of them come from; pixels may be those `shown` alone."""

    store: Store
    explained: Explained
    mode: Mode
    shown: NDArray[np.int64]

    @property
    def whole(self) -> bool:
        """Whether all that maps need of an image is stored, so that several may be measured in a few steps."""
        explained = self.explained
        return explained.is_stored and explained.contributions is None

    def together(self, rows: NDArray[np.int64]) -> list[Measured]:
        """The images `rows`, ascending, of which all is stored; the next call of this thread overwrites them."""
        explained, pixels = self.explained, _pixels(self.store, rows, self.shown)
        maps = explained.saliency(rows, _UNSEEN[None]) if explained.saliency else None
        assert explained.stain is not None
        return measure_stored(self.store, rows, pixels, maps, self.mode, explained.stain(rows))

    def images(self, rows: NDArray[np.int64], fleeting: bool) -> Iterator[Callable[[], Measured]]:
        """Reads `rows`, ascending; yields what measures each of them."""
        store, explained = self.store, self.explained
        if explained.is_stored:
            pixels, images = _pixels(store, rows, self.shown), _UNSEEN[None]
        else:
            images = store.select(rows)  # (n, H, W, 3)
            pixels = list(images)
        maps = explained.of(rows, images)
        stains = explained.stain(rows) if explained.stain else [None] * len(rows)
        for row, image, (one, two), stain in zip(rows, pixels, maps, stains, strict=True):
            yield partial(measure, store, int(row), image, one, self.mode, two, stain, fleeting)


_Batches = Callable[[NDArray[np.int64]], Iterator[Iterable[Measured]]]


@contextmanager
def _measuring(reading: _Reading, threads: int) -> Iterator[_Batches]:
    """Yields a function from rows to measured images in order, a batch at a time."""
    if threads == 1:
        yield partial(_one_by_one, reading)
        return
    with ThreadPoolExecutor(threads) as pool:
        yield partial(_side_by_side, reading, pool)


def _one_by_one(reading: _Reading, rows: NDArray[np.int64]) -> Iterator[Iterable[Measured]]:
    """Images that may be overwritten when the next one is asked for; chunks are read one after the other."""
    least = _BATCH if reading.explained.asks_model else _FEW
    for part in _cut(rows, reading.store.chunk_images, least):
        yield reading.together(part) if reading.whole else (one() for one in reading.images(part, fleeting=True))


def _side_by_side(reading: _Reading, pool: ThreadPoolExecutor, rows: NDArray[np.int64]) -> Iterator[Iterable[Measured]]:
    """While a batch is measured, the next one is read."""
    waiting = None
    for part in _cut(rows, reading.store.chunk_images, _BATCH):
        started = [pool.submit(measured) for measured in reading.images(part, fleeting=False)]
        if waiting:
            yield [future.result() for future in waiting]
        waiting = started
    if waiting:
        yield [future.result() for future in waiting]


def _pixels(store: Store, rows: NDArray[np.int64], shown: NDArray[np.int64]) -> list[NDArray[np.uint8]]:
    """The pixels of those of the rows that are shown, `_UNSEEN` of the others."""
    seen = rows[np.isin(rows, shown)]
    found = dict(zip(seen.tolist(), store.select(seen), strict=True)) if len(seen) else {}
    return [found.get(row, _UNSEEN) for row in rows.tolist()]


def _cut(rows: NDArray[np.int64], chunk_images: int, least: int) -> Iterator[NDArray[np.int64]]:
    """Runs of rows, at least so many each but for the last, whose chunks no other run shares."""
    start = 0
    for stop in [*(np.flatnonzero(np.diff(rows // chunk_images)) + 1), len(rows)]:
        if stop - start >= least or stop == len(rows) > start:
            yield rows[start:stop]
            start = stop
