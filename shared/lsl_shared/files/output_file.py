"""Files that a user names to be written: never one of those that are read."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from lsl_shared.errors import DataFileError

__all__ = ["refuse_inputs"]


def refuse_inputs(
    path: str | Path, option: str, inputs: Iterable[str | Path], error: type[DataFileError] = DataFileError
) -> None:
    """Raises `error` where `path`, given for `option`, is a folder or one of the files that are read.

    A link to one of them is that file. Inputs that are not there are no obstacle.
    """
    path = Path(path)
    if path.is_dir():
        raise error(path, f"is a folder; name a file for {option}")
    if any(_same(path, Path(one)) for one in inputs):
        raise error(path, f"is one of the inputs; choose another file for {option}")


def _same(path: Path, other: Path) -> bool:
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.resolve() == other.resolve()
