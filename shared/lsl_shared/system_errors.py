"""What the system says when a file cannot be used, in our words: one table for all packages."""

from __future__ import annotations

import errno
import os
import re
from typing import Final

__all__ = ["FORBIDDEN", "FULL", "LASTING", "as_os_error", "reason", "unreadable", "unwritable"]

FULL: Final = frozenset({errno.ENOSPC, errno.EFBIG, getattr(errno, "EDQUOT", errno.ENOSPC)})
"""The disk has no room, or the user may fill no more of it."""
FORBIDDEN: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
"""One may not do this here."""
LASTING: Final = FULL | FORBIDDEN | {errno.EISDIR, errno.ENAMETOOLONG}
"""Waiting and trying again is no use."""


def reason(problem: BaseException) -> str:
    """What went wrong, as the system words it: "No space left on device", whatever a library puts around it."""
    if "unable to lock file" in str(problem):
        return "it is open in another program"
    if isinstance(problem, OSError) and problem.errno:
        return os.strerror(problem.errno)
    return str(problem) or type(problem).__name__


def as_os_error(problem: BaseException) -> OSError:
    """The OSError behind an error of HDF5: some failed reads and writes come as others, errno in their text."""
    if isinstance(problem, OSError) and problem.errno:
        return problem
    number = re.search(r"errno = (\d+)", str(problem))
    return OSError(int(number[1]), str(problem)) if number else OSError(str(problem))


def unreadable(problem: BaseException, remedy: str = "") -> str:
    """That something cannot be read, why, and what to do."""
    return _told("read", problem, remedy)


def unwritable(problem: BaseException, remedy: str = "") -> str:
    """That something cannot be written, why, and what to do."""
    return _told("written", problem, remedy)


def _told(done: str, problem: BaseException, remedy: str) -> str:
    told = f"cannot be {done} ({reason(problem)})"
    return f"{told}; {remedy}" if remedy else told
