"""An HDF5 file that is open for reading: closed by hand, or at the end of a `with` block."""

from __future__ import annotations

from pathlib import Path
from types import TracebackType
from typing import Self

import h5py

__all__ = ["OpenFile"]


class OpenFile:
    """A file open for reading; what was read from it already stays usable when it is closed."""

    def __init__(self, path: str | Path, file: h5py.File) -> None:
        self.path, self._file = Path(path), file

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Closes the file. The ids and all other columns that are attributes stay usable."""
        self._file.close()
