"""Writing that fails for want of room or of permission, told in plain words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from lsl_shared.errors import AnnotationsError
from lsl_shared.system_errors import FORBIDDEN, FULL, as_os_error, unwritable

__all__ = ["told_plainly"]


@contextmanager
def told_plainly(annotations: Path) -> Iterator[None]:
    """Turns errors of writing, those of HDF5 too, into an AnnotationsError that says what to do."""
    try:
        yield
    except OSError as problem:
        raise _told(annotations, problem) from problem
    except RuntimeError as problem:
        if (found := as_os_error(problem)).errno is None:
            raise
        raise _told(annotations, found) from problem


def _told(annotations: Path, problem: OSError) -> AnnotationsError:
    place = annotations.parent.resolve()
    if problem.errno in FULL:
        remedy = f"make room in {place} and run the same command again: it goes on from the parts that are done"
    elif problem.errno in FORBIDDEN:
        remedy = f"{place} cannot be written to; choose another place with --out FILE"
    else:
        remedy = "run the same command again: it goes on from the parts that are done"
    return AnnotationsError(annotations, unwritable(problem, remedy))
