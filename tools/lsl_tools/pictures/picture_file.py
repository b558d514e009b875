"""Picture files from strangers: never a pipe, which would wait, or a device, which has no end."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import BinaryIO

from lsl_shared.errors import ImageError
from lsl_tools.pictures.file_kinds import START, other_kind

__all__ = ["first_bytes", "picture_bytes", "picture_stream"]

_MOST_BYTES = 2 << 30
"""More than 100 megapixels of four channels of 16 bits have."""


def picture_stream(path: Path) -> BinaryIO:
    """The open file. Raises OSError, or ImageError for a pipe or a device."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ImageError("is a pipe or a device, not a file")
    return path.open("rb")


def first_bytes(path: Path) -> bytes:
    """The bytes that tell a file's kind; none of what is no file or cannot be read."""
    try:
        with picture_stream(path) as stream:
            return stream.read(START)
    except (OSError, ImageError):
        return b""


def picture_bytes(path: Path) -> bytes:
    """All bytes of a file. Raises OSError, or ImageError for what is no picture of a kind that is read."""
    with picture_stream(path) as stream:
        other = other_kind(path.name, stream.read(START))
        if other is not None:
            raise ImageError(other.told)
        size = stream.seek(0, 2)
        if size > _MOST_BYTES:
            raise ImageError(f"has {size / 1e9:.1f} GB, at most {_MOST_BYTES / 1e9:.1f} are read: scale it down")
        stream.seek(0)
        return stream.read()
