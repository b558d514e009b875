"""Waiting for a network disk that vanishes for a moment: what fails is tried again, for a few seconds."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

from lsl_shared.system_errors import LASTING

__all__ = ["PAUSES", "patiently", "will_not_pass"]

PAUSES = (0.1, 0.3, 0.8, 1.5, 3.0)
"""Seconds before the second, third … attempt."""

Result = TypeVar("Result")


def will_not_pass(problem: OSError) -> bool:
    """Whether waiting is no use: a full disk, a missing permission, or damage that HDF5 itself found (no errno)."""
    return problem.errno is None or problem.errno in LASTING


def patiently(work: Callable[[], Result], before_again: Callable[[], object] = lambda: None) -> Result:
    """The result of `work`, tried again after a pause when it raises OSError; the last attempt's error is raised.

    `before_again` is called before each new attempt; an OSError there counts as a failed attempt.
    """
    again = False

    def attempt() -> Result:
        if again:
            before_again()
        return work()

    for pause in PAUSES:
        try:
            return attempt()
        except OSError as problem:
            if will_not_pass(problem):
                raise
            again = True
            time.sleep(pause)
    return attempt()
