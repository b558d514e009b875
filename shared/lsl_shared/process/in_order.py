"""Pieces of work that are begun ahead of their turn, and whose results come in order."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable
from typing import Protocol, TypeVar

__all__ = ["Begun", "in_order"]

Piece = TypeVar("Piece")
Result = TypeVar("Result")
Result_co = TypeVar("Result_co", covariant=True)


class Begun(Protocol[Result_co]):
    """Work that was begun elsewhere: a future of a thread pool or of a Dask cluster."""

    def result(self) -> Result_co:
        """What came of it; waits until it is done, and raises what the work raised."""
        ...

    def cancel(self) -> object:
        """Gives it up, if it has not started."""
        ...


def in_order(
    begin: Callable[[Piece], Begun[Result]], pieces: Iterable[Piece], at_once: Callable[[], int]
) -> Generator[tuple[Piece, Result], None, None]:
    """Yields each piece and its result, in the order of `pieces`; those begun are given up where the caller stops.

    Before one is waited for, `at_once()` are begun, so that the workers are busy and no result waits long.
    """
    waiting: deque[tuple[Piece, Begun[Result]]] = deque()

    def first() -> tuple[Piece, Result]:
        piece, begun = waiting[0]
        result = begun.result()
        waiting.popleft()
        return piece, result

    try:
        for piece in pieces:
            waiting.append((piece, begin(piece)))
            if len(waiting) >= at_once():
                yield first()
        while waiting:
            yield first()
    finally:
        for _, begun in waiting:
            begun.cancel()
