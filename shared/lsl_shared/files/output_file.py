"""Files that a user names to be written: never one of those that are read, and tried before the work is begun."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryFile

from lsl_shared.errors import DataFileError
from lsl_shared.system_errors import unwritable

__all__ = ["check_writable", "refuse_inputs"]


def check_writable(
    path: str | Path, error: type[DataFileError] = DataFileError, remedy: str = "choose another place"
) -> None:
    """Raises `error` where no file can be written at `path`: an empty one is tried in its folder, or the one above.

    Nothing is left behind, no folder is made, and a file that is there stays as it is.
    """
    path = Path(path)
    try:
        if _is_file(path) and os.name == "nt":
            path.open("r+b").close()  # a program that holds it open keeps it from being replaced
        with TemporaryFile(dir=_folder_above(path)):
            pass
    except OSError as problem:
        raise error(path, unwritable(problem, remedy)) from None


def refuse_inputs(
    path: str | Path, option: str, inputs: Iterable[str | Path], error: type[DataFileError] = DataFileError
) -> None:
    """Raises `error` where `path`, given for `option`, is a folder, a file that is read, or cannot be written.

    A link to one of them is that file. Inputs that are not there are no obstacle.
    """
    path = Path(path)
    if path.is_dir():
        raise error(path, f"is a folder; name a file for {option}")
    if any(_same(path, Path(one)) for one in inputs):
        raise error(path, f"is one of the inputs; choose another file for {option}")
    check_writable(path, error, f"choose another file for {option}")


def _same(path: Path, other: Path) -> bool:
    if path.exists() and other.exists():
        return path.samefile(other)
    return path.resolve() == other.resolve()


def _is_file(path: Path) -> bool:
    """Whether a file is there. Raises OSError for a name that is too long, or below a file."""
    try:
        return path.stat() is not None and path.is_file()
    except FileNotFoundError:
        return False


def _folder_above(path: Path) -> Path:
    """The nearest folder above `path` that is there."""
    folder = path.absolute().parent
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return folder
