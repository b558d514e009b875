from __future__ import annotations

import codecs
import gzip

import pytest

from lsl_shared.tables.text import decode_text

TEXT = "file,family\n1.png,Köcherblümchen – süß\n"


@pytest.mark.parametrize(
    ("data", "guess"),
    [
        (TEXT.encode(), ""),
        (TEXT.encode("utf-8-sig"), ""),
        (codecs.BOM_UTF8 + TEXT.encode("utf-8-sig"), ""),  # a mark before a mark
        (TEXT.encode("utf-16"), ""),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), ""),
        (TEXT.encode("utf-32"), ""),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_encodings(data: bytes, guess: str) -> None:
    assert decode_text(data) == (TEXT, guess)


def test_latin_1_where_windows_has_no_such_character() -> None:
    assert decode_text(b"\x81\xe4") == ("\x81ä", "latin-1")


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (gzip.compress(b"file", mtime=0), "unpack it with gunzip"),
        (TEXT.encode("utf-16-le"), "save it as CSV UTF-8"),
        (b"\xff\xfea", "save it as CSV UTF-8"),
        (b"\x89HDF\r\n\x1a\n\0\0", "save it as CSV UTF-8"),
        (b"\xef\xbb\xbf\xe4", "save it as CSV UTF-8"),
    ],
)
def test_no_text(data: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        decode_text(data)


def test_latin_1_is_not_guessed_where_it_is_not_wanted() -> None:
    with pytest.raises(ValueError, match="save it as CSV UTF-8"):
        decode_text(TEXT.encode("cp1252"), latin=False)
