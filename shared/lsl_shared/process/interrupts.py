"""Interrupts (Ctrl-C) that are not lost.

Python raises KeyboardInterrupt wherever the program happens to be. After a long call into HDF5 that is often the
callback of a weak reference. There the exception is only printed, and the work goes on.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["interrupts_kept"]


@contextmanager
def interrupts_kept() -> Iterator[Callable[[], None]]:
    """Yields a function that raises KeyboardInterrupt if one was lost before; call it between two steps."""
    before, lost = sys.unraisablehook, False

    def keep(problem: UnraisableHookArgs) -> None:
        nonlocal lost
        if issubclass(problem.exc_type, KeyboardInterrupt):
            lost = True
        else:
            before(problem)

    def raise_lost() -> None:
        if lost:
            raise KeyboardInterrupt

    sys.unraisablehook = keep
    try:
        yield raise_lost
    finally:
        sys.unraisablehook = before
