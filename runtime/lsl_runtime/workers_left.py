"""A look, now and then, whether a cluster has workers left: Dask waits for ever where it has none."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from threading import Event, Thread
from typing import Any

__all__ = ["Watch", "watched"]

_LOOK = 2.0
"""Seconds between two looks."""
_TELL = 10.0
"""Seconds without a worker until it is told; one that is restarted takes less."""
_GIVE_UP = 300.0
"""Seconds without a worker until the work is given up."""


class Watch:
    """What was seen. `told` is told to the user, `gave_up` whether `give_up` was called."""

    def __init__(self, workers: Callable[[], int], give_up: Callable[[], object], where: str) -> None:
        self._workers, self._give_up, self._where = workers, give_up, where
        self._since: float | None = None
        self._told = self.gave_up = False

    @property
    def lost(self) -> str:
        """Why the work was given up."""
        from lsl_shared.process.terminal import duration  # which imports typer

        return f"{self._where} has had no worker for {duration(_GIVE_UP)}"

    def look(self, now: float) -> None:
        """Looks once; `now` on the monotonic clock."""
        if self._workers():
            if self._told:
                _say(f"{self._where} has workers again: the work goes on")
            self._since, self._told = None, False
            return
        self._since = now if self._since is None else self._since
        if now - self._since >= _GIVE_UP and not self.gave_up:
            self.gave_up = True
            self._give_up()
        elif now - self._since >= _TELL and not self._told:
            from lsl_shared.process.terminal import duration

            self._told = True
            waits = f"waiting {duration(_GIVE_UP)} for one, then the work is given up"
            _say(f"{self._where} has no worker left: {waits}; Ctrl-C ends it now")


@contextmanager
def watched(client: Any, give_up: Callable[[], object]) -> Iterator[Watch]:
    """Looks after a Dask client's workers while the block runs."""
    watch = Watch(lambda: len(client.nthreads()), give_up, "the Dask scheduler")
    ended = Event()

    def run() -> None:
        while not ended.wait(_LOOK):
            with suppress(Exception):  # a scheduler that is lost is told by what waits for it
                watch.look(time.monotonic())

    thread = Thread(target=run, name="workers left", daemon=True)
    thread.start()
    try:
        yield watch
    finally:
        ended.set()
        thread.join(_LOOK)


def _say(text: str) -> None:
    logging.getLogger(__name__).warning(text)
