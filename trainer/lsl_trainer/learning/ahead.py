"""What comes next is made while the present one is worked on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

__all__ = ["ahead"]

T = TypeVar("T")


def ahead(items: Iterable[T]) -> Iterator[T]:
    """The same items in the same order; a thread makes each while its predecessor is in use."""
    waiting = iter(items)
    with ThreadPoolExecutor(1) as thread:
        following = thread.submit(next, waiting, None)
        while (item := following.result()) is not None:
            following = thread.submit(next, waiting, None)
            yield item
