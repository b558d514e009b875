"""An open store that is replaced while threads read it: each reads on from the one that it began with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock

from lsl_shared.files.store import Store

__all__ = ["SharedStore"]


class SharedStore:
    """Lends a store to threads, and closes it when the last reader of a replaced one is done."""

    def __init__(self, store: Store) -> None:
        self._lock, self._store = Lock(), store
        self._readers: dict[int, int] = {}
        self._replaced: dict[int, Store] = {}

    @contextmanager
    def reading(self) -> Iterator[Store]:
        """The store as it is now, open until the block ends."""
        with self._lock:
            store = self._store
            self._readers[id(store)] = self._readers.get(id(store), 0) + 1
        try:
            yield store
        finally:
            with self._lock:
                self._readers[id(store)] -= 1
                self._close_unread()

    def replace(self, store: Store) -> None:
        """Lends another store from now on."""
        with self._lock:
            self._replaced[id(self._store)] = self._store
            self._store = store
            self._close_unread()

    def close(self) -> None:
        """Closes all."""
        with self._lock:
            for store in (*self._replaced.values(), self._store):
                store.close()
            self._replaced.clear()

    def _close_unread(self) -> None:
        for number in [number for number in self._replaced if not self._readers.get(number)]:
            self._replaced.pop(number).close()
            self._readers.pop(number, None)
