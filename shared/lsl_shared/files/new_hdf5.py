"""HDF5 files that are being written: a disk that fills up ends in one plain error.

HDF5 cannot go on after a failed write: it tells of it again for every open object, and crashes when the program ends.
So it never hears of one. What cannot be written is remembered, and told when the file is closed or asked about. An
interrupt, too, waits until HDF5 is not at work.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import h5py

from lsl_shared.process.interrupts import interrupts_outside

__all__ = ["Disk", "written_hdf5"]


@contextmanager
def written_hdf5(path: Path, mode: Literal["w", "r+"] = "w", **options: Any) -> Iterator[tuple[h5py.File, Disk]]:
    """Opens an HDF5 file for writing, with what writes it. Raises OSError, naming `path`, where the disk refuses it."""
    disk = Disk(path, mode)
    try:
        with interrupts_outside(_CALLED_BY_HDF5), h5py.File(disk, mode, **options) as file:
            yield file, disk
    except Exception as problem:
        disk.check(problem)
        raise
    finally:
        disk.close()
    disk.check()


class Disk:
    """The file behind an HDF5 file: reads and writes as HDF5 asks; after a failure it only keeps count."""

    def __init__(self, path: Path, mode: Literal["w", "r+"]) -> None:
        self._path, self._failure = path, 0
        self._raw = path.open("w+b" if mode == "w" else "r+b", buffering=0)
        self._place, self._end = 0, self._raw.seek(0, os.SEEK_END)

    def check(self, cause: Exception | None = None) -> None:
        """Raises OSError where something could not be written."""
        if self._failure:
            raise OSError(self._failure, os.strerror(self._failure), str(self._path)) from cause

    def close(self) -> None:
        """Closes the file."""
        self._raw.close()

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        """Goes to a place, as files do."""
        self._place = offset + {os.SEEK_SET: 0, os.SEEK_CUR: self._place, os.SEEK_END: self._end}[whence]
        return self._place

    def tell(self) -> int:
        """The place just now."""
        return self._place

    def read(self, size: int) -> bytes:
        """So many bytes; what was never written is zero."""
        buffer = bytearray(size)
        self.readinto(buffer)
        return bytes(buffer)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fills a buffer; what was never written is zero."""
        view, done = memoryview(buffer).cast("B"), 0
        self._raw.seek(self._place)
        while done < len(view) and (count := self._raw.readinto(view[done:])):
            done += count
        view[done:] = bytes(len(view) - done)
        self._place += len(view)
        return len(view)

    def write(self, data: bytes | memoryview) -> int:
        """Writes all of some bytes, or remembers why that fails."""
        view = memoryview(data).cast("B")
        if not self._failure:
            try:
                self._write(view)
            except OSError as problem:
                self._failure = problem.errno or 0
        self._place += len(view)
        self._end = max(self._end, self._place)
        return len(view)

    def truncate(self, size: int | None = None) -> int:
        """Cuts the file, or makes it longer."""
        self._end = self._place if size is None else size
        if not self._failure:
            try:
                self._raw.truncate(self._end)
            except OSError as problem:
                self._failure = problem.errno or 0
        return self._end

    def flush(self) -> None:
        """Nothing waits here."""

    def _write(self, view: memoryview) -> None:
        self._raw.seek(self._place)
        done = 0
        while done < len(view):
            done += self._raw.write(view[done:]) or 0


_CALLED_BY_HDF5 = {
    method.__code__
    for method in (Disk.seek, Disk.tell, Disk.read, Disk.readinto, Disk.write, Disk.truncate, Disk.flush)
}
