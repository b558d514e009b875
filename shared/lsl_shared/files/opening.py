"""Opening the toolkit's HDF5 files, which may come from anyone: every failure names the file and what to do."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import h5py

from lsl_shared.errors import DataFileError
from lsl_shared.files.attributes import as_text, as_whole
from lsl_shared.system_errors import reason
from lsl_shared.wording import command_line

__all__ = ["failure", "hdf5_words", "loading", "open_file", "open_hdf5"]

_SIGNATURE = b"\x89HDF\r\n\x1a\n"
_LOCKED = ("unable to lock file", "file is already open for read-only")
_WRITING = "file is already open for write"
_SHARING = (32, 33)
"""Windows: another program holds the file, or a range of its bytes."""


def open_file(
    path: str | Path,
    kind: str,
    version: int,
    error: type[DataFileError],
    remedy: str,
    unmarked: Callable[[h5py.File], str] = lambda file: "",
) -> h5py.File:
    """Opens a file of the toolkit's own format `kind` for reading.

    Raises `error` for a missing, foreign, damaged or newer file, and for one that another program holds open; `remedy`
    tells which command makes a good one. `unmarked` looks into a file without a format and may tell a better remedy.
    """
    file = open_hdf5(path, error, remedy)
    with loading(file, error, "HDF5 file", "; restore it or make it again"):
        _check_format(file, kind, version, error, remedy, unmarked)
    return file


def open_hdf5(path: str | Path, error: type[DataFileError], remedy: str) -> h5py.File:
    """Opens any HDF5 file for reading. Raises `error` as `open_file`, whatever its format."""
    path = Path(path)
    _check_bytes(path, error, remedy)
    try:
        return h5py.File(path, "r", locking="best-effort")
    except OSError as problem:
        raise error(path, failure(path, problem, "; restore it or make it again")) from None


def failure(path: Path, problem: BaseException, remedy: str = "", kind: str = "or truncated HDF5 file") -> str:
    """Why HDF5 cannot use a file: another program holds it open, else it is a damaged `kind`, with the `remedy`."""
    words = str(problem)
    if any(said in words for said in _LOCKED) or getattr(problem, "winerror", None) in _SHARING:
        return "is open in another program (HDFView, a notebook?): close it there and run the command again"
    if _WRITING in words:
        cleared = command_line("h5clear", "-s", path)
        return (
            "is open for writing in another program: close it there and run the command again; "
            f"if that program was killed, `{cleared}` of the HDF5 tools makes the file readable"
        )
    return f"damaged {kind} ({hdf5_words(problem)}){remedy}"


@contextmanager
def loading(file: h5py.File, error: type[DataFileError], kind: str, remedy: str) -> Iterator[None]:
    """Reads what a file's object keeps: whatever fails in the block closes the file, and damage becomes `error`."""
    path = Path(file.filename)
    try:
        yield
    except (OSError, RuntimeError, KeyError, ValueError) as problem:
        file.close()
        raise error(path, failure(path, problem, remedy, kind)) from None
    except BaseException:
        file.close()
        raise


def hdf5_words(problem: BaseException) -> str:
    """HDF5's own words on one line, without the wrapping that h5py adds."""
    return str(problem).strip("'\"").removeprefix("Unable to synchronously open file (").rstrip(")")


def _check_bytes(path: Path, error: type[DataFileError], remedy: str) -> None:
    if path.is_dir():
        raise error(path, f"is a folder, expected an HDF5 file. {remedy}")
    try:
        with path.open("rb") as stream:
            head = stream.read(len(_SIGNATURE))
    except FileNotFoundError:
        raise error(path, f"no such file. {remedy}") from None
    except OSError as problem:
        raise error(path, _unopened(path, problem)) from None
    if not head:
        raise error(path, f"is empty (0 bytes). {remedy}")
    if head != _SIGNATURE and not h5py.is_hdf5(path):
        raise error(path, f"is not an HDF5 file (it begins with {head!r}). {remedy}")


def _unopened(path: Path, problem: OSError) -> str:
    if getattr(problem, "winerror", None) in _SHARING:
        return failure(path, problem)
    elsewhere = "; if another program holds it open, close it there" if os.name == "nt" else ""
    return f"cannot be opened ({reason(problem)}){elsewhere}"


def _check_format(
    file: h5py.File,
    kind: str,
    version: int,
    error: type[DataFileError],
    remedy: str,
    unmarked: Callable[[h5py.File], str],
) -> None:
    path, found = Path(file.filename), file.attrs.get("format")
    if as_text(found) != kind:
        said = "none" if found is None else repr(found)
        better = unmarked(file) if found is None else ""
        told = f"expected {kind!r}, found {said}: another kind of HDF5 file. {better or remedy}"
        raise error(path, told, "attribute format")
    given = file.attrs.get("version")
    stated = as_whole(given)
    if stated is None or stated < 1:
        raise error(path, f"expected a whole number from 1, found {given!r}. {remedy}", "attribute version")
    if stated > version:
        newer = f"is {stated}, newer than this program reads ({version}): upgrade lsl-toolkit"
        raise error(path, newer, "attribute version")
