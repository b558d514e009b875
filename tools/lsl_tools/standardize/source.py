"""What is to be standardized: all that `lsl-store import` takes, and one picture alone."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsl_shared.tables.rows import TABLE_SUFFIXES
from lsl_tools.importing.listing import Listing
from lsl_tools.importing.scenes import one_sample, with_scenes
from lsl_tools.importing.source import list_source
from lsl_tools.pictures.file_kinds import IMAGE_SUFFIXES, is_surely_picture
from lsl_tools.pictures.picture_file import first_bytes

__all__ = ["list_photographs"]


def list_photographs(
    source: str | Path,
    *,
    labels: str | Path | None = None,
    tasks: Iterable[str] = (),
    allows: Iterable[str | Path] = (),
) -> Listing:
    """The photographs below `source` with their labels, a microscope's scenes one by one. Raises LslError."""
    source = Path(source)
    if source.is_file() and _is_picture(source):
        return with_scenes(Listing((one_sample(source),)))
    return list_source(source, labels=labels, tasks=tasks, allows=allows)


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in IMAGE_SUFFIXES or (
        path.suffix.lower() not in TABLE_SUFFIXES and is_surely_picture(first_bytes(path))
    )
