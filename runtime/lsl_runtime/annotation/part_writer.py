"""Parts written by a thread of its own, so that the network need not wait for the disk."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Self

from lsl_runtime.annotation.parts import Part, PartFiles

__all__ = ["PartWriter"]

_WAITING = 2


class PartWriter:
    """Writes parts behind the work; at most two wait. Leaving the `with` block waits for them.

    A write that failed raises at the next `put` or at the end.
    """

    def __init__(self, files: PartFiles) -> None:
        self._files = files
        self._waiting: deque[Future[None]] = deque()
        self._pool = ThreadPoolExecutor(1, "writer")

    def put(self, partition: range, part: Part) -> None:
        """Hands over a part; waits while two are waiting already."""
        while self._waiting and (len(self._waiting) >= _WAITING or self._waiting[0].done()):
            self._waiting.popleft().result()
        self._waiting.append(self._pool.submit(self._files.write, partition, part))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True)
        if kind is None:
            for future in self._waiting:
                future.result()
