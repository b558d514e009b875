"""Files that are complete or absent: written under a temporary name beside the target, synced, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lsl_shared.errors import DataFileError
from lsl_shared.system_errors import FULL, as_os_error, reason

__all__ = ["atomic_folder", "atomic_path", "named_as", "write_text"]

_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)
_LONGEST_NAME = 60


@contextmanager
def atomic_path(target: str | Path, within: Path | None = None) -> Iterator[Path]:
    """Yields a temporary path in the target's folder; on success it is synced and takes the target's place.

    Whatever fails inside the block leaves the target as it was and removes the temporary file; errors name the target.
    `within` is another folder of the same disk for the temporary file, one that is cleared when a process is killed.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = (within or target.parent) / _temporary_name(target)
    try:
        with named_as(temporary, target):
            yield temporary
            _sync(temporary)
            temporary.replace(target)
        _sync(target.parent)
    finally:
        with suppress(OSError):
            temporary.unlink()


@contextmanager
def atomic_folder(target: Path) -> Iterator[Path]:
    """As `atomic_path`, for a folder that is not there yet; what a killed process left behind goes."""
    temporary = target.with_name(f".{target.name}.tmp")
    shutil.rmtree(temporary, ignore_errors=True)
    try:
        with named_as(temporary, target):
            temporary.mkdir(parents=True)
            yield temporary
            temporary.replace(target)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def write_text(target: str | Path, text: str) -> None:
    """Writes a UTF-8 text file in one piece."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


@contextmanager
def named_as(temporary: Path, target: Path) -> Iterator[None]:
    """Lets errors of the block name the `target` in place of a temporary file or folder."""
    try:
        yield
    except DataFileError as problem:
        if temporary.name not in str(problem):
            raise
        path, told = (_renamed(text, temporary, target) for text in (problem.path, problem.problem))
        raise type(problem)(path, told, problem.key) from problem
    except (OSError, RuntimeError) as problem:
        known = as_os_error(problem)
        is_full = known.errno in FULL and not known.filename
        if temporary.name not in str(problem) and not is_full:
            raise
        if known.errno:
            raise OSError(known.errno, reason(known), str(target)) from problem
        raise OSError(_renamed(problem, temporary, target)) from problem


def _temporary_name(target: Path) -> str:
    """A name for a file that becomes `target`, unlike all others, and not too long where that of the target is not."""
    return f".{target.name[:_LONGEST_NAME]}.{secrets.token_hex(4)}.tmp"


def _renamed(text: object, temporary: Path, target: Path) -> str:
    return str(text).replace(str(temporary), str(target)).replace(temporary.name, target.name)


def _sync(path: Path) -> None:
    """Flushes a file or a folder's entries to the disk; folders cannot be opened for it on Windows."""
    folder = path.is_dir()
    if folder and os.name == "nt":
        return
    descriptor = os.open(path, os.O_RDONLY if os.name != "nt" else os.O_RDWR)
    try:
        os.fsync(descriptor)
    except OSError as problem:  # some network disks refuse to sync; a full one tells it here first
        if not folder and problem.errno not in _CANNOT_SYNC:
            raise
    finally:
        os.close(descriptor)
