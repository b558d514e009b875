"""The directories of a TIFF file, or of EXIF, which is one: tags as numbers, read in a few kilobytes of memory.

design/libraries.md tells why no library is used here.
"""

from __future__ import annotations

import struct
from collections.abc import Collection
from typing import BinaryIO, Final, NamedTuple

__all__ = ["MAGIC", "Tags", "read_directories"]

Tags = dict[int, tuple[int, ...]]
"""Tag number → its values, at most 16 of them; none where they are no whole numbers from 0, or are cut off."""

MAGIC: Final = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
_BIG: Final = 43
_NUMBERS: Final = {1: "B", 3: "H", 4: "I", 16: "Q"}
_MOST_PAGES, _MOST_TAGS, _MOST_VALUES, _FARTHEST = 10_000, 65_535, 16, 2**62


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


def read_directories(stream: BinaryIO, wanted: Collection[int]) -> tuple[Tags, int]:
    """The `wanted` tags of the first directory, and the number of directories (pages, at most 10,000).

    Raises struct.error, OverflowError or OSError where the file is cut off or damaged.
    """
    layout = _layout(stream)
    (place,) = layout.read(stream, layout.place)
    tags: Tags = {}
    seen = set[int]()
    while place and place not in seen and len(seen) < _MOST_PAGES:
        stream.seek(place)
        (count,) = layout.read(stream, layout.tags)
        if not seen:
            tags = _tags(stream, layout, min(count, _MOST_TAGS), wanted)
        seen.add(place)
        stream.seek(place + layout.size(layout.tags) + count * layout.size(layout.tag))
        (place,) = layout.read(stream, layout.place)
    return tags, len(seen)


def _layout(stream: BinaryIO) -> _Layout:
    """Leaves the stream where the place of the first directory is written."""
    stream.seek(0)
    order = "<" if stream.read(2) == b"II" else ">"
    (version,) = struct.unpack(order + "H", stream.read(2))
    if version != _BIG:
        return _Layout(order, "I", "H", "HHI4s")
    stream.seek(8)
    return _Layout(order, "Q", "Q", "HHQ8s")


def _tags(stream: BinaryIO, layout: _Layout, count: int, wanted: Collection[int]) -> Tags:
    step, tags = layout.size(layout.tag), Tags()
    entries = stream.read(count * step)
    for start in range(0, len(entries) - step + 1, step):
        tag, kind, values, field = struct.unpack_from(layout.order + layout.tag, entries, start)
        if tag in wanted and tag not in tags and kind in _NUMBERS:
            tags[tag] = _values(stream, layout, f"{min(values, _MOST_VALUES)}{_NUMBERS[kind]}", field)
    return tags


def _values(stream: BinaryIO, layout: _Layout, numbers: str, field: bytes) -> tuple[int, ...]:
    """The values of a tag: in its `field` where they fit, else at the place that the field names."""
    size = layout.size(numbers)
    if size > len(field):
        (place,) = struct.unpack(layout.order + layout.place, field)
        stream.seek(min(place, _FARTHEST))
        field = stream.read(size)
    return struct.unpack_from(layout.order + numbers, field) if len(field) >= size else ()
