from __future__ import annotations

from pathlib import Path

import h5py
import pytest

from lsl_shared.errors import StoreError
from lsl_shared.files.hdf5 import read_strings
from lsl_shared.files.texts import write_few_texts, write_texts

ASCII, UTF8 = 0, 1


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["a", "", "insitu12.jpg"], (ASCII, 12)),
        (["", ""], (ASCII, 1)),
        (["Krüppel", "ß"], (UTF8, 8)),
        (["x" * 256, "y"], (ASCII, 256)),
        (["x" * 257, "y"], (UTF8, None)),
        (["blank ", " tab\t"], (ASCII, 6)),
    ],
    ids=str,
)
def test_texts_come_back(texts: list[str], kind: tuple[int, int | None], tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_texts(file, "x", texts)
    with h5py.File(tmp_path / "a.h5") as file:
        assert read_strings(file, "x", StoreError, len(texts)).tolist() == texts
        stored = file["x"].id.get_type()
        assert stored.get_cset() == kind[0]
        assert (None if stored.is_variable_str() else stored.get_size()) == kind[1]


def test_no_texts(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_texts(file, "x", [])
        assert file["x"].shape == (0,)


def test_what_short_texts_are_filled_up_with_takes_no_room(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_texts(file, "x", [*[""] * 9999, "x" * 256])
        assert file["x"].id.get_storage_size() < 20_000


def test_texts_of_several_chunks_come_back(tmp_path: Path) -> None:
    texts = [f"{place}-ß".ljust(250, "x") for place in range(9000)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_texts(file, "x", iter(texts))
        assert len(file["x"]) > 2 * file["x"].chunks[0]
        assert file["x"].asstr()[...].tolist() == texts


@pytest.mark.parametrize("texts", [{}, {0: "broken", 8999: "chunk 3 is damaged"}, {7: "ß"}, {3: "x" * 300}], ids=len)
def test_few_texts_are_written_as_all_would_be(texts: dict[int, str], tmp_path: Path) -> None:
    whole = [texts.get(row, "") for row in range(9000)]
    with h5py.File(tmp_path / "a.h5", "w") as file:
        write_texts(file, "whole", whole)
        write_few_texts(file, "few", 9000, texts)
        assert read_strings(file, "few", StoreError, 9000).tolist() == whole
        assert file["few"].dtype == file["whole"].dtype and file["few"].chunks == file["whole"].chunks
