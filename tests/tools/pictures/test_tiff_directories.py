from __future__ import annotations

import io
import struct
import tracemalloc
from typing import Any

import numpy as np
import pytest
import tifffile

from lsl_tools.pictures.tiff_directories import read_directories

WIDTH, HEIGHT, BITS, PHOTOMETRIC, STRIPS, SAMPLES, PLANAR, EXTRA = 256, 257, 258, 262, 273, 277, 284, 338
Tags = dict[int, tuple[int, ...]]


def written(pixels: np.ndarray, **options: Any) -> bytes:
    stream = io.BytesIO()
    tifffile.imwrite(stream, pixels, **options)
    return stream.getvalue()


def tags(data: bytes) -> Tags:
    """All tags of the first directory that hold whole numbers, or should."""
    directory = next(read_directories(io.BytesIO(data)))
    whole = [tag for tag, (_, kind, _, _) in directory.entries.items() if kind in (1, 3, 4, 16)]
    numbers = {tag: directory.numbers(tag) for tag in whole}
    assert all(directory.number(tag, -1) == (*values, -1)[0] for tag, values in numbers.items())
    return numbers


def pages(data: bytes) -> int:
    return sum(1 for _ in read_directories(io.BytesIO(data)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("big", [False, True])
@pytest.mark.parametrize(
    ("pixels", "options"),
    [
        (np.zeros((7, 11), np.uint16), {}),
        (np.zeros((7, 11, 3), np.uint8), {"photometric": "rgb"}),
        (np.zeros((7, 11, 5), np.uint16), {"photometric": "rgb", "extrasamples": ["unassalpha", "unspecified"]}),
        (np.zeros((3, 7, 11), np.uint8), {"photometric": "rgb", "planarconfig": "separate"}),
        (np.zeros((700, 11), np.uint8), {"photometric": "miniswhite", "rowsperstrip": 50}),
    ],
    ids=["grey", "rgb", "alpha", "planes", "strips"],
)
def test_tags_as_tifffile_wrote_them(order: str, big: bool, pixels: np.ndarray, options: dict[str, Any]) -> None:
    data = written(pixels, byteorder=order, bigtiff=big, **options)
    found = tags(data)
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        for tag in (WIDTH, HEIGHT, BITS, PHOTOMETRIC, STRIPS, SAMPLES, PLANAR, EXTRA):
            known = page.tags.valueof(tag)
            values = () if known is None else tuple(int(value) for value in np.atleast_1d(known))
            assert found.get(tag, ()) == values[:16], tag


def test_only_what_is_asked_for_is_read() -> None:
    stream = io.BytesIO(made((BITS, 3, 9, 100), (STRIPS, 4, 9, 200), rest=b"\1\0" * 100))
    directory = next(read_directories(stream))
    before = stream.tell()
    assert before < 100
    assert directory.numbers(BITS) == (1,) * 9
    assert stream.tell() == 118


def test_text() -> None:
    data = written(np.zeros((7, 11), np.uint8), description="Drosophila", metadata=None)
    directory = next(read_directories(io.BytesIO(data)))
    assert directory.text(270) == b"Drosophila\0"
    assert directory.text(270, most=4) == b"Dros"
    assert directory.text(WIDTH) == b""
    assert (directory.number(9999), directory.number(9999, 7), directory.numbers(9999)) == (0, 7, ())


def test_pages_are_counted() -> None:
    stacked = written(np.zeros((5, 7, 11), np.uint8), photometric="minisblack")
    assert pages(stacked) == 5


def made(*entries: tuple[int, int, int, int], rest: bytes = b"", following: int = 0) -> bytes:
    """A TIFF of one directory with these tags (number, kind, count, value), and `rest` from byte 100."""
    head = b"II*\0" + struct.pack("<IH", 8, len(entries))
    directory = b"".join(struct.pack("<HHII", *entry) for entry in entries) + struct.pack("<I", following)
    return (head + directory).ljust(100, b"\0") + rest


def test_a_value_beyond_the_file_is_no_value() -> None:
    assert tags(made((WIDTH, 4, 1, 11), (BITS, 3, 9, 50_000))) == {WIDTH: (11,), BITS: ()}


def test_values_of_a_million_entries_cost_no_memory() -> None:
    data = made(*((tag, 3, 10_000_000, 100) for tag in (BITS, STRIPS, EXTRA)), rest=b"\1\0" * 10_000_000)
    stream = io.BytesIO(data)
    tracemalloc.start()
    try:
        directory = next(read_directories(stream))
        found = {tag: directory.numbers(tag) for tag in directory.entries}
        assert tracemalloc.get_traced_memory()[1] < 100_000
    finally:
        tracemalloc.stop()
    assert found == {BITS: (1,) * 16, STRIPS: (1,) * 16, EXTRA: (1,) * 16}


def test_a_circle_of_three_pages_ends() -> None:
    place = [100 + 6 * page for page in range(3)]
    circle = b"".join(struct.pack("<HI", 0, following) for following in (*place[1:], place[0]))
    assert pages(made(following=100, rest=circle)) == 4
