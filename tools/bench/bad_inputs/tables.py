"""Bad and odd tables of labels, for a folder with the picture `1.png`."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator

from bad_inputs.bad import Bad, bytes_of, damaged

__all__ = ["bad_tables"]

GOOD = "file,id,side\n1.png,image00,left\n"


def bad_tables() -> Iterator[Bad]:
    """Damaged ones, other kinds of files, rows and cells that make no sense, and odd ones that are right."""
    yield from damaged("table", ".csv", GOOD.encode() * 20, steps=0)
    for name, text in _TEXTS.items():
        yield Bad("table", name, bytes_of(text.encode()), ".csv", by="import" if name in _OF_FILES else "")
    for name, data in _BYTES.items():
        yield Bad("table", name, bytes_of(data), ".csv")
    for ending in (".xlsx", ".ods"):
        yield Bad("table", f"odd: {ending} that is a text", bytes_of(GOOD.encode()), ending, right=True)
        yield Bad("table", f"{ending} that is an empty zip", bytes_of(_zip({})), ending)
        yield Bad(
            "table",
            f"{ending} without sheets",
            bytes_of(_zip({"content.xml": "<a/>", "xl/workbook.xml": "<a/>"})),
            ending,
        )
    for name, data in _ODD.items():
        yield Bad("table", f"odd: {name}", bytes_of(data), ".csv", right=True)


_TEXTS = {
    "only a header": "file,id,side\n",
    "no header": "1.png,image00,left\n",
    "blank lines alone": "\n\n\n",
    "without a column of files": "picture,side\n1.png,left\n",
    "a column twice": "file,id,side,side\n1.png,image00,left,right\n",
    "a quote that never ends": 'file,id,side\n"1.png,image00,left\n',
    "more cells than columns": "file,id,side\n1.png,image00,left,right,none\n",
    "a file twice": "file,id,side\n1.png,image00,left\n1.png,image00,right\n",
    "an id twice": "file,id,side\n1.png,image00,left\n2.png,image00,right\n",
    "a file that is not there": "file,id,side\nabsent.png,image00,left\n",
    "a path out of the folder": "file,id,side\n../../../../etc/passwd,image00,left\n",
    "a path from the root": "file,id,side\n/etc/passwd,image00,left\n",
    "a web address": "file,id,side\nhttps://example.org/1.png,image00,left\n",
    "a folder as file": "file,id,side\n.,image00,left\n",
    "json": '{"file": "1.png", "side": "left"}',
    "xml": '<?xml version="1.0"?><rows><row file="1.png"/></rows>',
}
_OF_FILES = (  # `label` does not look at the column of files
    "a file that is not there", "a path out of the folder", "a path from the root", "a web address", "a folder as file",
)  # fmt: skip
_BYTES = {
    "bytes": bytes(range(256)) * 9,
    "null bytes in cells": b"file,id,side\n1.png,image00,le\0ft\n",
    "utf-16 without its mark": GOOD.encode("utf-16-le"),
    "an HDF5 file": b"\x89HDF\r\n\x1a\n" + bytes(500),
    "a zip": b"PK\3\4" + bytes(500),
    "a mark and nothing else": b"\xef\xbb\xbf",
    "a line of ten megabytes": b"file,id,side\n" + b"x" * 10_000_000,
}
_ODD = {
    "utf-8 with its mark": b"\xef\xbb\xbf" + GOOD.encode(),
    "utf-16": GOOD.encode("utf-16"),
    "semicolons": GOOD.replace(",", ";").encode(),
    "tabs": GOOD.replace(",", "\t").encode(),
    "lines of old Macintoshes": GOOD.replace("\n", "\r").encode(),
    "lines of Windows": GOOD.replace("\n", "\r\n").encode(),
    "quotes": b'"file","id","side"\n"1.png","image00","left"\n',
    "no last line end": GOOD.rstrip().encode(),
    "missing labels": b"file,id,side\n1.png,image00,NA\n",
}


def _zip(entries: dict[str, str]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as packed:
        for name, text in entries.items():
            packed.writestr(name, text)
    return stream.getvalue()
