"""The directories of a TIFF file, or of EXIF, which is one: tags read when asked, in a few kilobytes of memory.

design/libraries.md tells why no library is used here.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import BinaryIO, Final, NamedTuple

__all__ = ["MAGIC", "Directory", "read_directories"]

MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BIG: Final = 43
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 13: "I", 16: "Q"}
_SHORT: Final = (1, 3, 4)  # fit the field of an entry
_BYTES: Final = (1, 2, 7)
_MOST_PAGES, _MOST_TAGS, _FARTHEST = 10_000, 256, 2**62


class _Layout(NamedTuple):
    """How the file writes numbers: byte order, then the formats of places, of the number of tags, and of one tag."""

    order: str
    place: str
    tags: str
    tag: str

    def size(self, layout: str) -> int:
        return struct.calcsize(self.order + layout)

    def read(self, stream: BinaryIO, layout: str) -> tuple[int, ...]:
        return struct.unpack(self.order + layout, stream.read(self.size(layout)))


_Entry = tuple[int, int, int, bytes]
"""Tag, kind, number of values, and the field that holds them or their place."""
_NONE: Final[_Entry] = (0, 0, 0, b"")


@dataclass(frozen=True)
class Directory:
    """One directory of an open file; its values are read when they are asked for."""

    stream: BinaryIO
    layout: _Layout
    entries: Mapping[int, _Entry]
    following: int
    """The place of the next directory, 0 after the last."""

    def numbers(self, tag: int, most: int = 16) -> tuple[int, ...]:
        """The values of a tag, at most so many; none where they are no whole numbers from 0, or are cut off."""
        _, kind, values, field = self.entries.get(tag, _NONE)
        if kind not in _NUMBERS:
            return ()
        numbers = f"{self.layout.order}{min(values, most)}{_NUMBERS[kind]}"
        size = struct.calcsize(numbers)
        content = self._content(field, values * struct.calcsize(_NUMBERS[kind]), size)
        return struct.unpack_from(numbers, content) if len(content) >= size else ()

    def number(self, tag: int, otherwise: int = 0) -> int:
        """The first value of a tag, or what holds where there is none."""
        _, kind, values, field = self.entries.get(tag, _NONE)
        if kind in _SHORT and values == 1:
            return int(struct.unpack_from(self.layout.order + _NUMBERS[kind], field)[0])
        return (*self.numbers(tag, 1), otherwise)[0]

    def text(self, tag: int, most: int = 65_536) -> bytes:
        """The bytes of a tag that holds text or anything else, at most so many."""
        _, kind, values, field = self.entries.get(tag, _NONE)
        return self._content(field, values, min(values, most)) if kind in _BYTES else b""

    def _content(self, field: bytes, whole: int, wanted: int) -> bytes:
        """The `wanted` first bytes of the `whole` content: in the field where it fits, else at the place it names."""
        if whole <= len(field):
            return field[:wanted]
        (place,) = struct.unpack(self.layout.order + self.layout.place, field)
        self.stream.seek(min(place, _FARTHEST))
        return self.stream.read(wanted)


def read_directories(stream: BinaryIO) -> Iterator[Directory]:
    """The directories (pages) in their order, at most 10,000; a circle of them ends where it begins.

    Raises struct.error, OverflowError or OSError where the file is cut off or damaged.
    """
    layout = _layout(stream)
    (place,) = layout.read(stream, layout.place)
    seen = set[int]()
    while place and place not in seen and len(seen) < _MOST_PAGES:
        seen.add(place)
        stream.seek(place)
        (count,) = layout.read(stream, layout.tags)
        entries = _entries(stream, layout, min(count, _MOST_TAGS))
        stream.seek(place + layout.size(layout.tags) + count * layout.size(layout.tag))
        (place,) = layout.read(stream, layout.place)
        yield Directory(stream, layout, entries, place)


def _layout(stream: BinaryIO) -> _Layout:
    """Leaves the stream where the place of the first directory is written."""
    stream.seek(0)
    order = "<" if stream.read(2) == b"II" else ">"
    (version,) = struct.unpack(order + "H", stream.read(2))
    if version != _BIG:
        return _Layout(order, "I", "H", "HHI4s")
    stream.seek(8)
    return _Layout(order, "Q", "Q", "HHQ8s")


def _entries(stream: BinaryIO, layout: _Layout, count: int) -> dict[int, _Entry]:
    step = layout.size(layout.tag)
    read = stream.read(count * step)
    whole = read[: len(read) - len(read) % step]
    found: list[_Entry] = list(struct.iter_unpack(layout.order + layout.tag, whole))
    return {entry[0]: entry for entry in reversed(found)}  # of a tag that comes twice the first holds
