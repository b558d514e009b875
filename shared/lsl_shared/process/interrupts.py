"""Interrupts (Ctrl-C) that are not lost.

Python raises KeyboardInterrupt wherever the program happens to be. After a long call into HDF5 that is often the
callback of a weak reference. There the exception is only printed, and the work goes on. Or it is a function that HDF5
calls to write a file. There it breaks HDF5, and the program dies.
"""

from __future__ import annotations

import signal
import sys
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from types import CodeType, FrameType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["interrupts_kept", "interrupts_outside"]

_SOON = 0.005
"""Seconds until an interrupt that came at a bad moment comes again."""


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


@contextmanager
def interrupts_outside(functions: Collection[CodeType]) -> Iterator[None]:
    """Within it, an interrupt that comes while one of `functions` runs comes again, until none of them does."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(before):
        yield  # interrupts go to the main thread alone, and here to nothing that raises
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if _runs(functions, frame):
            again = threading.Timer(_SOON, signal.raise_signal, [number])
            again.daemon = True
            again.start()
        else:
            before(number, frame)

    signal.signal(signal.SIGINT, handle)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _runs(functions: Collection[CodeType], frame: FrameType | None) -> bool:
    """Whether one of the functions is on the stack."""
    while frame is not None:
        if frame.f_code in functions:
            return True
        frame = frame.f_back
    return False
