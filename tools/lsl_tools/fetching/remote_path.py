"""Paths from a list that may come from anyone: below the server's address, and below the target folder."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

__all__ = ["local_path", "remote_path"]

_LONGEST: Final = 400
_SAFE: Final = re.compile(r"[^A-Za-z0-9._-]")
_RESERVED: Final = re.compile(r"(?i:con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def remote_path(text: str) -> str:
    """The path as listed, with '/'. ValueError for one that is empty, absolute, or climbs out of its folder."""
    path = text.replace("\\", "/")
    if not text.isprintable() or len(path) > _LONGEST:
        raise ValueError("the path holds control characters or is too long")
    if "://" in path or re.match(r"/|[A-Za-z]:", path):
        raise ValueError(f"path {text!r} must be relative")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if not parts or ".." in parts:
        raise ValueError(f"path {text!r} must name a file below the address, without ..")
    return "/".join(parts)


def local_path(path: str, suffix: str) -> PurePosixPath:
    """Where to keep `path` (from `remote_path`) below the target folder; every system takes these names."""
    *folders, name = (_plain(part) for part in path.split("/"))
    return PurePosixPath(*folders, PurePosixPath(name).stem + suffix)


def _plain(part: str) -> str:
    name = _SAFE.sub("_", part).rstrip(".") or "_"
    return "_" + name if name.startswith((".", "-")) or _RESERVED.match(name) else name
