"""Files that are complete or absent: written under a temporary name beside the target, synced, then renamed."""

from __future__ import annotations

import errno
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ["atomic_path", "write_text"]

_CANNOT_SYNC = (errno.EINVAL, errno.ENOTSUP, errno.ENOSYS)


@contextmanager
def atomic_path(target: str | Path, within: Path | None = None) -> Iterator[Path]:
    """Yields a temporary path in the target's folder; on success it is synced and takes the target's place.

    Whatever fails inside the block leaves the target as it was and removes the temporary file. `within` is another
    folder of the same disk for the temporary file, one that is cleared when a process is killed.
    """
    target = Path(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = (within or target.parent) / f".{target.name}.{secrets.token_hex(4)}.tmp"
    try:
        yield temporary
        _sync(temporary)
        temporary.replace(target)
        _sync(target.parent)
    finally:
        with suppress(OSError):
            temporary.unlink()


def write_text(target: str | Path, text: str) -> None:
    """Writes a UTF-8 text file in one piece."""
    with atomic_path(target) as temporary:
        temporary.write_text(text, encoding="utf-8")


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
