"""Which of the microscopes' formats a path leads to: by its first bytes and its name."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from lsl_tools.microscopes.czi_file import open_czi
from lsl_tools.microscopes.lif_file import open_lif
from lsl_tools.microscopes.nd2_file import open_nd2
from lsl_tools.microscopes.stack import Open
from lsl_tools.microscopes.zarr_folder import open_zarr
from lsl_tools.microscopes.zarr_node import is_zarr
from lsl_tools.pictures.picture_file import first_bytes

__all__ = ["MICROSCOPE_SUFFIXES", "Format", "format_of", "is_zarr_folder"]

MICROSCOPE_SUFFIXES: Final = frozenset({".czi", ".lif", ".nd2"})
"""Names that promise one of these formats."""


@dataclass(frozen=True)
class Format:
    """A format, and what opens a file of it."""

    name: str
    open: Open


_ZARR: Final = Format("OME-Zarr", open_zarr)
_BY_SUFFIX: Final = {".czi": Format("CZI", open_czi), ".lif": Format("LIF", open_lif), ".nd2": Format("ND2", open_nd2)}
_STARTS: Final = ((b"ZISRAWFILE", ".czi"), (b"\xda\xce\xbe\x0a", ".nd2"), (b"\x70\0\0\0", ".lif"))


def format_of(path: Path) -> Format | None:
    """The format of a file or folder; None for any other, such as a picture."""
    if path.is_dir():
        return _ZARR if is_zarr_folder(path) else None
    suffix = path.suffix.lower()
    if suffix not in MICROSCOPE_SUFFIXES:
        return None
    start = first_bytes(path)
    return _BY_SUFFIX[next((known for begins, known in _STARTS if start.startswith(begins)), suffix)]


def is_zarr_folder(path: Path) -> bool:
    """Whether a folder is a Zarr, or is called one."""
    return path.name.lower().endswith(".zarr") or is_zarr(path)
