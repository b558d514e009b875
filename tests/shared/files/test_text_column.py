from __future__ import annotations

import struct
from pathlib import Path

import h5py
import numpy as np
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.hdf5 import read_strings
from lsl_shared.files.text_column import TextColumn, read_texts
from lsl_shared.files.texts import write_texts

COLUMNS = {
    "short": ["a", "bc", "", "image0000123.jpg"],
    "accents": ["Krüppel", "", "β"],
    "many": [f"image{row}" for row in range(20_000)],
    "wide": ["x" * 200, "y"],
    "none": [],
}


@pytest.mark.parametrize("name", COLUMNS)
@pytest.mark.parametrize("fixed", [True, False])
def test_a_column_says_what_strings_of_it_say(name: str, fixed: bool, tmp_path: Path) -> None:
    texts = COLUMNS[name]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        if fixed:
            write_texts(file, "x", texts)
        else:
            file.create_dataset("x", data=texts, dtype=h5py.string_dtype())
        column = read_texts(file, "x", StoreError, len(texts))
        write_texts(file, "again", column)
        assert read_strings(file, "again", StoreError, len(texts)).tolist() == texts
        assert not fixed or file["again"].dtype == file["x"].dtype
    assert (column.ascii is not None) == (fixed and name not in ("accents", "wide"))
    assert column.strings.tolist() == texts and len(column) == len(texts)
    encoded = [text.encode() for text in texts]
    assert b"".join(column.prefixed()) == b"".join(struct.pack("<q", len(one)) + one for one in encoded)


def test_strings_are_made_when_they_are_asked_for() -> None:
    column = TextColumn(np.array([b"a", b"b"]))
    assert "strings" not in vars(column)
    assert column.strings is column.strings


@pytest.mark.parametrize("kind", ["S40", object])
def test_names_are_there_once_and_not_empty(kind: str | type) -> None:
    def are_names(texts: list[str]) -> bool:
        given = [text.encode() for text in texts] if kind == "S40" else texts
        return TextColumn(np.array(given, dtype=kind)).are_names()

    alike = [f"a rather long name of an image, number {row}"[-40:] for row in range(3000)]
    assert are_names(alike) and are_names(["a"])
    assert not are_names([*alike, alike[17]]) and not are_names([*alike, ""])
    assert not are_names(["a", "a"])


def test_texts_whose_numbers_happen_to_be_the_same_are_still_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lsl_shared.files.text_column._numbers", lambda texts: np.zeros(len(texts), np.uint64))
    assert TextColumn(np.array([b"a", b"b"])).are_names()
    assert not TextColumn(np.array([b"a", b"a"])).are_names()


def test_bytes_beyond_ascii_that_are_no_utf_8_are_refused(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.array([b"ok", b"\xff"])
        with pytest.raises(StoreError, match="cannot be read as text"):
            read_texts(file, "x", StoreError, 2)
