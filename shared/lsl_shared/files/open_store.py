"""The HDF5 file behind a store while it is read: opened anew after its disk vanished, if it is still the same file."""

from __future__ import annotations

from pathlib import Path

import h5py

from lsl_shared.errors import StoreError
from lsl_shared.files.open_file import OpenFile
from lsl_shared.files.opening import open_file
from lsl_shared.files.own_stacks import import_told
from lsl_shared.process.patience import patiently
from lsl_shared.system_errors import reason

__all__ = ["STORE_FORMAT", "STORE_REMEDY", "STORE_VERSION", "OpenStore"]

STORE_FORMAT, STORE_VERSION = "lsl-store", 1
STORE_REMEDY = "`lsl-store demo` makes a synthetic store, `lsl-store import` one from your own images"


class OpenStore(OpenFile):
    """The file of a store, open for reading; `_file` is its handle just now. Raises StoreError where it cannot be."""

    def __init__(self, path: str | Path) -> None:
        super().__init__(path, open_file(path, STORE_FORMAT, STORE_VERSION, StoreError, STORE_REMEDY, import_told))
        self._stamp = _stamp(self.path)

    def check_reachable(self) -> None:
        """Checks that the file is still there, and waits a few seconds for a network disk that vanished.

        Raises:
            StoreError: The file is gone, or is not the one that was opened.
        """
        try:
            self._check_same(patiently(lambda: _stamp(self.path)))
        except OSError as problem:
            raise StoreError(self.path, f"is out of reach ({reason(problem)}); run the command again later") from None

    def _reopened(self) -> h5py.File:
        """The file opened anew; OSError while it is out of reach, StoreError where it is another one."""
        self._check_same(_stamp(self.path))
        self._file.close()
        self._file = h5py.File(self.path, "r", locking="best-effort")
        return self._file

    def _check_same(self, stamp: tuple[int, int]) -> None:
        if stamp != self._stamp:
            raise StoreError(self.path, "was replaced or changed while it was read; run the command again")


def _stamp(path: Path) -> tuple[int, int]:
    """Size and time of change of a file."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns
