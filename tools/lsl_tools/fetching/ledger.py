"""What has been fetched already: downloads.csv in the target folder, a line for each photograph that came."""

from __future__ import annotations

import csv
import hashlib
import os
from dataclasses import astuple, dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Final, Self

__all__ = ["LEDGER", "Entry", "Ledger"]

LEDGER: Final = "downloads.csv"


@dataclass(frozen=True)
class Entry:
    """A photograph that was fetched. `path` is that of the image list, `file` the one below the target folder."""

    path: str
    file: str
    address: str
    bytes: int
    sha256: str


class Ledger:
    """The photographs in a folder, in a `with` block. `intact` tells which of them need not be fetched again."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / LEDGER
        self.entries = {entry.path: entry for entry in _read(self._path)}
        self._path_of = {entry.file: path for path, entry in self.entries.items()}

    def __enter__(self) -> Self:
        new = not self._path.exists() or not self._path.stat().st_size
        torn = not new and not self._path.read_bytes().endswith(b"\n")
        self._stream = self._path.open("a", newline="", encoding="utf-8")
        if torn:  # the last line of a run that was killed
            self._stream.write("\n")
        self._writer = csv.writer(self._stream, lineterminator="\n")
        if new:
            self._writer.writerow(field.name for field in fields(Entry))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stream.close()

    def intact(self, path: str) -> Entry | None:
        """The entry of a photograph that lies in the folder as it was fetched, byte for byte; else None."""
        entry = self.entries.get(path)
        try:
            data = (self._folder / entry.file).read_bytes() if entry else b""
        except OSError:
            return None
        return entry if entry and hashlib.sha256(data).hexdigest() == entry.sha256 else None

    def holds_another(self, file: str, path: str) -> bool:
        """Whether `file` is that of another photograph than `path`."""
        return self._path_of.get(file, path) != path

    def add(self, entry: Entry) -> None:
        """Notes a photograph whose file is complete."""
        self.entries[entry.path], self._path_of[entry.file] = entry, entry.path
        self._writer.writerow(astuple(entry))
        self._stream.flush()
        os.fsync(self._stream.fileno())


def _read(path: Path) -> list[Entry]:
    """The entries of a ledger, the last of each photograph counting; torn and foreign lines are passed over."""
    if not path.exists():
        return []
    entries = []
    with path.open(newline="", encoding="utf-8", errors="replace") as stream:
        for row in csv.reader(stream):
            if len(row) == len(fields(Entry)) and row[3].isdigit() and len(row[4]) == 64:
                entries.append(Entry(row[0], row[1], row[2], int(row[3]), row[4]))
    return entries
