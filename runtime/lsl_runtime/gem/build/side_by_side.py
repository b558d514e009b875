"""Pieces of a pass over a store, summed up by threads side by side."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import closing
from dataclasses import dataclass
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

from lsl_runtime.model.cores import cores
from lsl_shared.process.in_order import in_order

__all__ = ["map_threads", "side_by_side"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")

_MOST = 8
"""Threads that sum up maps at most: each takes the memory of all maps that are made."""
_TELLING = 0.2
"""Seconds between two looks at how far the threads are."""


class _GivenUpError(Exception):
    """Nobody waits for the sums any more."""


def map_threads() -> int:
    """How many threads of this process sum up maps."""
    return min(cores(), _MOST)


def side_by_side(
    work: Callable[[Piece, Callable[[int], None]], Result],
    pieces: Sequence[Piece],
    threads: int,
    on_progress: Callable[[int], None],
) -> Generator[Result, None, None]:
    """Yields the results of `work(piece, passed)` in order; what threads pass on to `passed` is told in this one.

    Where the caller stops, threads stop at their next call of `passed`.
    """
    told: SimpleQueue[int] = SimpleQueue()
    given_up = False

    def passed(images: int) -> None:
        if given_up:
            raise _GivenUpError
        told.put(images)

    def begin(piece: Piece) -> _Watched[Result]:
        return _Watched(pool.submit(work, piece, passed), told, on_progress)

    with ThreadPoolExecutor(threads, "maps") as pool:
        try:
            with closing(in_order(begin, pieces, lambda: threads + 1)) as made:
                yield from (result for _, result in made)
        finally:
            given_up = True


@dataclass(frozen=True)
class _Watched(Generic[Result]):
    """A piece at work; whoever waits for it tells how far all of them are."""

    future: Future[Result]
    told: SimpleQueue[int]
    on_progress: Callable[[int], None]

    def result(self) -> Result:
        while not self.future.done():
            wait([self.future], _TELLING)
            self._tell()
        self._tell()
        return self.future.result()

    def cancel(self) -> bool:
        return self.future.cancel()

    def _tell(self) -> None:
        images = 0
        while True:
            try:
                images += self.told.get_nowait()
            except Empty:
                break
        if images:
            self.on_progress(images)
