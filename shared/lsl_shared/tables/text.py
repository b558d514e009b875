"""The text of a table's bytes: UTF-8, UTF-16 with its mark, else Windows or Latin-1, which is told."""

from __future__ import annotations

import codecs
from typing import Final

__all__ = ["decode_text"]

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins as that of UTF-16 does
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NO_TEXT: Final = "is not a text in UTF-8 (nor in UTF-16 with its mark, or no text at all): save it as CSV UTF-8"


def decode_text(data: bytes, *, latin: bool = True) -> tuple[str, str]:
    """The text, and its encoding where that is only a guess: Windows or Latin-1, tried with `latin` alone; else ''.

    Raises ValueError that says what to do.
    """
    if data.startswith(b"\x1f\x8b"):
        raise ValueError("is compressed by gzip: unpack it with gunzip")
    marked = next((encoding for mark, encoding in _MARKS if data.startswith(mark)), None)
    if marked is None and b"\0" in data:
        raise ValueError(_NO_TEXT)
    try:
        return data.decode(marked or "utf-8").lstrip("\ufeff"), ""
    except UnicodeDecodeError:
        if marked or not latin:
            raise ValueError(_NO_TEXT) from None
    return _windows_or_latin(data)


def _windows_or_latin(data: bytes) -> tuple[str, str]:
    try:
        return data.decode("cp1252"), "cp1252"
    except UnicodeDecodeError:
        return data.decode("latin-1"), "latin-1"
